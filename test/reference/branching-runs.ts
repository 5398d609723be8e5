/** Runs that are rewound and forked, as plain lists: which points count as whose, without generations in a table. */
import type { ReferencePoint, ReferenceRun } from './series-reference.js';

interface Stretch {
  /** Shared with the run it was taken from, so that what comes late is seen by all who inherit it. */
  readonly points: ReferencePoint[];
  readonly cut: bigint;
}

export interface BranchingRun {
  readonly id: string;
  /** Every generation's points, oldest first. */
  readonly generations: ReferencePoint[][];
  inherited: readonly Stretch[];
}

export const newRun = (id: string): BranchingRun => ({ id, generations: [[]], inherited: [] });

/** The child has what the parent has up to and with `step`. */
export function forkOf(parent: BranchingRun, id: string, step: bigint): BranchingRun {
  return { id, generations: [[]], inherited: before(parent, step + 1n) };
}

/** Points from `step` on are taken back. */
export function rewind(run: BranchingRun, step: bigint): void {
  run.inherited = before(run, step);
  run.generations.push([]);
}

function before(run: BranchingRun, cut: bigint): Stretch[] {
  const kept = run.inherited.map((stretch) => ({ ...stretch, cut: stretch.cut < cut ? stretch.cut : cut }));
  return [...kept, { points: run.generations.at(-1) ?? [], cut }];
}

export function effectiveRun(run: BranchingRun): ReferenceRun {
  const inherited = run.inherited.flatMap(({ points, cut }) => points.filter(({ step }) => step < cut));
  return { id: run.id, points: [...inherited, ...(run.generations.at(-1) ?? [])] };
}
