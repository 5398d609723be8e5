/** Interval sets against plain sets of numbers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { includes, withRange, type Intervals } from './intervals.js';

describe('intervals', () => {
  it('hold what was put in and nothing else, in as few intervals as there are gaps', () => {
    const ranges = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 5 })));
    fc.assert(
      fc.property(ranges, (added) => {
        let intervals: Intervals = [];
        const naive = new Set<number>();
        for (const [low, length] of added) {
          intervals = withRange(intervals, low, low + length);
          for (let n = low; n <= low + length; n++) naive.add(n);
        }
        for (let n = -1; n <= 67; n++) expect(includes(intervals, n)).toBe(naive.has(n));
        const starts = [...naive].filter((n) => !naive.has(n - 1)).length;
        expect(intervals.length).toBe(2 * starts);
        expect([...intervals]).toEqual([...intervals].sort((a, b) => a - b));
      }),
    );
  });

  it('stay one interval for a writer that counts up', () => {
    let intervals: Intervals = [];
    for (let seq = 7; seq < 1000; seq++) intervals = withRange(intervals, seq, seq);
    expect(intervals).toEqual([7, 999]);
  });
});
