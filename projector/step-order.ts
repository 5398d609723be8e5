/** Sorts the points of one series by step, stably: mostly they are in order, or are a few ordered stretches of several writers. */
import type { PointBuffers } from './point-buffers.js';

/** Points [start, end) of the columns; whole int64 steps are compared, by halves. */
export function sortSegmentBySteps(columns: PointBuffers, start: number, end: number, hasMicro: boolean): void {
  const { step } = columns;
  let runs: number[] | undefined;
  for (let i = start + 1; i < end; i++) {
    if (isBefore(step, i, i - 1)) (runs ??= [start]).push(i);
  }
  if (runs === undefined) return;
  runs.push(end);
  const order = mergeRuns(step, runs, start);
  permutePairs(step, order, start);
  permutePairs(columns.time, order, start);
  permute(columns.value, order, start);
  if (hasMicro) permute(columns.micro, order, start);
}

/** Whether the int64 at `a` is less than the one at `b`. */
function isBefore(halves: Int32Array, a: number, b: number): boolean {
  const highA = halves[2 * a + 1] as number;
  const highB = halves[2 * b + 1] as number;
  if (highA !== highB) return highA < highB;
  return (halves[2 * a] as number) >>> 0 < (halves[2 * b] as number) >>> 0;
}

/** Merges neighbouring ascending runs until one is left; gives the positions in order. */
function mergeRuns(step: Int32Array, runs: readonly number[], start: number): Uint32Array {
  const length = (runs.at(-1) ?? start) - start;
  let from = Uint32Array.from({ length }, (_, i) => start + i);
  let to = new Uint32Array(length);
  let bounds = runs.map((bound) => bound - start);
  while (bounds.length > 2) {
    const merged = [0];
    for (let r = 0; r + 1 < bounds.length; r += 2) {
      const low = bounds[r] ?? 0;
      const middle = bounds[r + 1] ?? length;
      const high = bounds[r + 2] ?? middle;
      mergePair(step, from, to, low, middle, high);
      merged.push(high);
    }
    bounds = merged;
    [from, to] = [to, from];
  }
  return from;
}

function mergePair(
  step: Int32Array,
  from: Uint32Array,
  to: Uint32Array,
  low: number,
  middle: number,
  high: number,
): void {
  let left = low;
  let right = middle;
  for (let at = low; at < high; at++) {
    // the left one goes first when they are equal, which keeps the order of arrival
    const takeRight = left >= middle || (right < high && isBefore(step, from[right] as number, from[left] as number));
    to[at] = from[takeRight ? right++ : left++] as number;
  }
}

function permute(column: Float64Array | Int32Array, order: Uint32Array, start: number): void {
  const old = column.slice(start, start + order.length);
  for (let i = 0; i < order.length; i++) column[start + i] = old[(order[i] as number) - start] as number;
}

function permutePairs(halves: Int32Array, order: Uint32Array, start: number): void {
  const old = halves.slice(2 * start, 2 * (start + order.length));
  for (let i = 0; i < order.length; i++) {
    const from = 2 * ((order[i] as number) - start);
    halves[2 * (start + i)] = old[from] as number;
    halves[2 * (start + i) + 1] = old[from + 1] as number;
  }
}
