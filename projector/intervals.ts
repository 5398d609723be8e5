/** Sets of whole numbers as sorted, disjoint, inclusive intervals `[low, high, low, high, …]`: batches that came, mostly one interval. */

export type Intervals = readonly number[];

/** Index of the interval that holds `n`, or of the first one above it. */
function find(intervals: Intervals, n: number): number {
  let low = 0;
  let high = intervals.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((intervals[2 * middle + 1] ?? 0) < n) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function includes(intervals: Intervals, n: number): boolean {
  return (intervals[2 * find(intervals, n)] ?? Infinity) <= n;
}

/** The set with all of `low` … `high` in it. */
export function withRange(intervals: Intervals, low: number, high: number): Intervals {
  // intervals that touch or overlap the range become one with it
  const first = find(intervals, low - 1);
  let end = first;
  let least = low;
  let greatest = high;
  while (end < intervals.length / 2 && (intervals[2 * end] ?? 0) <= high + 1) {
    least = Math.min(least, intervals[2 * end] ?? least);
    greatest = Math.max(greatest, intervals[2 * end + 1] ?? greatest);
    end++;
  }
  return [...intervals.slice(0, 2 * first), least, greatest, ...intervals.slice(2 * end)];
}
