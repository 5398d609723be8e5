/** Which rollup buckets and which raw points make up a range of steps: whole buckets, the largest first, and raw points at the edges. */
import { wholeSteps, type StepRange } from './step-position.js';

/** The levels that the projector fills: level L has buckets of 64^L steps. */
export const ROLLUP_LEVELS = 3;
export const BITS_PER_LEVEL = 6;

export interface BucketRun {
  readonly level: number;
  /** Buckets `first` … `last`, both included. */
  readonly first: bigint;
  readonly last: bigint;
}

export interface Pieces {
  readonly buckets: readonly BucketRun[];
  readonly raw: readonly StepRange[];
}

/** The coarsest level whose buckets fit into cells of 2^shift steps; 0 is raw points. */
export const levelOf = (shift: number): number => Math.min(ROLLUP_LEVELS, Math.floor(shift / BITS_PER_LEVEL));

/** Splits `range` into buckets of `level` and, towards the edges, of the levels below. Pieces are disjoint and make up the range. */
export function piecesOf(range: StepRange, level: number): Pieces {
  const { first, last } = wholeSteps(range);
  if (level === 0 || first > last) return { buckets: [], raw: [range] };
  const bits = BigInt(BITS_PER_LEVEL * level);
  const firstBucket = (first + (1n << bits) - 1n) >> bits;
  const lastBucket = ((last + 1n) >> bits) - 1n;
  if (firstBucket > lastBucket) return piecesOf(range, level - 1);

  const start = firstBucket << bits;
  const end = ((lastBucket + 1n) << bits) - 1n;
  const buckets: BucketRun[] = [{ level, first: firstBucket, last: lastBucket }];
  const raw: StepRange[] = [];
  const rest = (edge: StepRange) => {
    const pieces = piecesOf(edge, level - 1);
    buckets.push(...pieces.buckets);
    raw.push(...pieces.raw);
  };
  if (range.from.step < start) rest({ from: range.from, to: { step: start - 1n, micro: 999_999 } });
  if (range.to.step > end) rest({ from: { step: end + 1n, micro: 0 }, to: range.to });
  return { buckets, raw };
}
