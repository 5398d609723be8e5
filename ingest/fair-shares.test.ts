/** Fair shares: what one run, one workspace and many of them may hold at a time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFairShares, type FairShares } from './fair-shares.js';

const MAX = 1_000_000;
const shares = () => createFairShares({ bytesMax: MAX, runShare: 0.25, workspaceShare: 0.5 });

/** Takes 100 bytes at a time for each run in turn until all are refused. */
function flood(all: FairShares, runs: readonly { workspace: string; run: string }[]): Record<string, number> {
  const held: Record<string, number> = Object.fromEntries(runs.map(({ run }) => [run, 0]));
  let moved = true;
  while (moved) {
    moved = false;
    for (const holder of runs) {
      if (all.refusal(holder, 100) !== undefined) continue;
      all.take(holder, 100);
      held[holder.run] = (held[holder.run] ?? 0) + 100;
      moved = true;
    }
  }
  return held;
}

describe('fair shares', () => {
  it('give a run that is alone its share of all, and name the run when it wants more', () => {
    const all = shares();
    expect(flood(all, [{ workspace: 'w', run: 'a' }])).toEqual({ a: 0.25 * MAX });
    expect(all.refusal({ workspace: 'w', run: 'a' }, 100)).toBe('run');
  });

  it('leave room for a neighbour in the same workspace, however many runs flood it', () => {
    for (const flooding of [1, 3, 10, 40]) {
      const all = shares();
      const held = flood(
        all,
        Array.from({ length: flooding }, (_, i) => ({ workspace: 'w', run: `r${String(i)}` })),
      );
      expect(all.refusal({ workspace: 'w', run: 'quiet' }, 100)).toBeUndefined();
      const amounts = Object.values(held);
      expect(Math.max(...amounts) - Math.min(...amounts)).toBeLessThanOrEqual(200);
    }
  });

  it('give a workspace half of all when it is alone, and leave room for another when several flood', () => {
    const all = shares();
    const runs = ['u', 'v'].flatMap((workspace) =>
      Array.from({ length: 20 }, (_, i) => ({ workspace, run: `${workspace}${String(i)}` })),
    );
    flood(all, runs);
    expect(all.total()).toBeLessThan((2 / 3) * MAX);
    expect(all.refusal({ workspace: 'other', run: 'quiet' }, 50_000)).toBeUndefined();
    expect(all.refusal({ workspace: 'u', run: 'one more' }, 100_000)).toBe('workspace');
  });

  it('refuse everybody when bytes of nobody known use all', () => {
    expect(shares().refusal({ workspace: 'w', run: 'a' }, 100, MAX)).toBe('all');
  });

  it('never hold more than the whole, and forget who holds nothing', () => {
    const holder = fc.record({ workspace: fc.constantFrom('u', 'v'), run: fc.constantFrom('a', 'b', 'c') });
    const step = fc.record({ holder, bytes: fc.integer({ min: 1, max: MAX }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
        const all = shares();
        const taken = steps.filter(({ holder, bytes }) => {
          if (all.refusal(holder, bytes) !== undefined) return false;
          all.take(holder, bytes);
          expect(all.total()).toBeLessThanOrEqual(MAX);
          return true;
        });
        for (const { holder, bytes } of taken) all.give(holder, bytes);
        expect(all.total()).toBe(0);
        expect(flood(all, [{ workspace: 'u', run: 'a' }])).toEqual({ a: 0.25 * MAX });
      }),
      { numRuns: 50 },
    );
  });
});
