/** Pieces of a range are disjoint and make it up; whole buckets are taken wherever they fit. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { levelOf, piecesOf, ROLLUP_LEVELS } from './pieces.js';
import { ALL_STEPS, comparePositions, STEP_MAX, type StepPosition, type StepRange } from './step-position.js';

const position = fc
  .tuple(
    fc.oneof(fc.bigInt({ min: -600_000n, max: 600_000n }), fc.bigInt({ min: -(2n ** 63n), max: STEP_MAX })),
    fc.oneof(fc.constant(0), fc.constant(999_999), fc.integer({ min: 0, max: 999_999 })),
  )
  .map(([step, micro]): StepPosition => ({ step, micro }));

const range = fc
  .tuple(position, position)
  .map(([a, b]): StepRange => (comparePositions(a, b) <= 0 ? { from: a, to: b } : { from: b, to: a }));

/** All pieces as ranges, in order. */
function spans({ buckets, raw }: ReturnType<typeof piecesOf>): StepRange[] {
  const whole = buckets.map(({ level, first, last }) => ({
    from: { step: first << BigInt(6 * level), micro: 0 },
    to: { step: ((last + 1n) << BigInt(6 * level)) - 1n, micro: 999_999 },
  }));
  return [...whole, ...raw].sort((a, b) => comparePositions(a.from, b.from));
}

const successor = ({ step, micro }: StepPosition): StepPosition =>
  micro === 999_999 ? { step: step + 1n, micro: 0 } : { step, micro: micro + 1 };

describe('pieces', () => {
  it('follow each other from the start of the range to its end', () => {
    fc.assert(
      fc.property(range, fc.integer({ min: 0, max: ROLLUP_LEVELS }), (whole, level) => {
        const parts = spans(piecesOf(whole, level));
        expect(parts[0]?.from).toEqual(whole.from);
        expect(parts.at(-1)?.to).toEqual(whole.to);
        parts.forEach((part, i) => {
          expect(comparePositions(part.from, part.to)).toBeLessThanOrEqual(0);
          if (i > 0) expect(part.from).toEqual(successor(parts[i - 1]?.to ?? part.to));
        });
      }),
    );
  });

  it('leave fewer than two buckets of steps to raw points, and to each level fewer than two buckets of the next', () => {
    fc.assert(
      fc.property(range, fc.integer({ min: 1, max: ROLLUP_LEVELS }), (whole, level) => {
        const { buckets, raw } = piecesOf(whole, level);
        const steps = raw.reduce((sum, { from, to }) => sum + (to.step - from.step + 1n), 0n);
        expect(steps).toBeLessThanOrEqual(2n * 64n);
        for (let below = 1; below < level; below++) {
          const of = buckets.filter((run) => run.level === below);
          expect(of.reduce((sum, { first, last }) => sum + (last - first + 1n), 0n)).toBeLessThan(2n * 64n);
        }
      }),
    );
  });

  it('of everything are all buckets of the level, and nothing raw', () => {
    const { buckets, raw } = piecesOf(ALL_STEPS, 3);
    expect(raw).toEqual([]);
    expect(buckets).toEqual([{ level: 3, first: -(2n ** 45n), last: 2n ** 45n - 1n }]);
  });

  it.each([
    [0, 0],
    [5, 0],
    [6, 1],
    [11, 1],
    [12, 2],
    [18, 3],
    [64, 3],
  ])('for cells of 2^%i steps come from level %i', (shift, level) => {
    expect(levelOf(shift)).toBe(level);
  });
});
