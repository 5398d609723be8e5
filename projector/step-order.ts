/** Sorts the points of one series by step, stably: mostly they are in order, or are a few ordered stretches of several writers. */
import type { PointBuffers } from './point-buffers.js';

/** Room for sorting one series at a time, kept from one to the next. */
interface Scratch {
  /** The steps as floats, where those are exact. */
  readonly keys: Float64Array;
  readonly order: [Uint32Array, Uint32Array];
  readonly floats: Float64Array;
  readonly words: Int32Array;
}

const createScratch = (points: number): Scratch => ({
  keys: new Float64Array(points),
  order: [new Uint32Array(points), new Uint32Array(points)],
  floats: new Float64Array(points),
  words: new Int32Array(2 * points),
});

let scratch = createScratch(4096);

/** High halves below this in size make steps that a float holds exactly. */
const EXACT_HIGH = 2 ** 20;

/** Points [start, end) of the columns; whole int64 steps are compared. */
export function sortSegmentBySteps(columns: PointBuffers, start: number, end: number, hasMicro: boolean): void {
  const { step } = columns;
  let runs: number[] | undefined;
  for (let i = start + 1; i < end; i++) {
    if (isBefore(step, i, i - 1)) (runs ??= [0]).push(i - start);
  }
  if (runs === undefined) return;
  const length = end - start;
  runs.push(length);
  if (scratch.keys.length < length) scratch = createScratch(2 * length);
  const order = mergeRuns(step, runs, start, length);
  permutePairs(step, order, start, length);
  permutePairs(columns.time, order, start, length);
  permuteFloats(columns.value, order, start, length);
  if (hasMicro) permuteWords(columns.micro, order, start, length);
}

/** Whether the int64 at `a` is less than the one at `b`. */
function isBefore(halves: Int32Array, a: number, b: number): boolean {
  const highA = halves[2 * a + 1] as number;
  const highB = halves[2 * b + 1] as number;
  if (highA !== highB) return highA < highB;
  return (halves[2 * a] as number) >>> 0 < (halves[2 * b] as number) >>> 0;
}

/** Merges neighbouring ascending runs until one is left; gives the positions, counted from `start`, in order. */
function mergeRuns(step: Int32Array, runs: readonly number[], start: number, length: number): Uint32Array {
  const exact = takeKeys(step, start, length);
  let [from, to] = scratch.order;
  for (let i = 0; i < length; i++) from[i] = i;
  let bounds = runs;
  while (bounds.length > 2) {
    const merged = [0];
    for (let r = 0; r + 1 < bounds.length; r += 2) {
      const low = bounds[r] ?? 0;
      const middle = bounds[r + 1] ?? length;
      const high = bounds[r + 2] ?? middle;
      if (exact) mergePair(scratch.keys, from, to, low, middle, high);
      else mergeLargePair(step, start, from, to, low, middle, high);
      merged.push(high);
    }
    bounds = merged;
    [from, to] = [to, from];
  }
  return from;
}

/** Says whether all steps are exact as floats. */
function takeKeys(step: Int32Array, start: number, length: number): boolean {
  const { keys } = scratch;
  for (let i = 0; i < length; i++) {
    const high = step[2 * (start + i) + 1] as number;
    if (high >= EXACT_HIGH || high < -EXACT_HIGH) return false;
    keys[i] = high * 0x1_0000_0000 + ((step[2 * (start + i)] as number) >>> 0);
  }
  return true;
}

/** The left one goes first when they are equal, which keeps the order of arrival. */
function mergePair(
  keys: Float64Array,
  from: Uint32Array,
  to: Uint32Array,
  low: number,
  middle: number,
  high: number,
): void {
  let left = low;
  let right = middle;
  let at = low;
  while (left < middle && right < high) {
    const a = from[left] as number;
    const b = from[right] as number;
    if ((keys[b] as number) < (keys[a] as number)) {
      to[at++] = b;
      right++;
    } else {
      to[at++] = a;
      left++;
    }
  }
  while (left < middle) to[at++] = from[left++] as number;
  while (right < high) to[at++] = from[right++] as number;
}

/** The same for steps beyond 2^52. */
function mergeLargePair(
  step: Int32Array,
  start: number,
  from: Uint32Array,
  to: Uint32Array,
  low: number,
  middle: number,
  high: number,
): void {
  let left = low;
  let right = middle;
  for (let at = low; at < high; at++) {
    const takeRight =
      left >= middle ||
      (right < high && isBefore(step, start + (from[right] as number), start + (from[left] as number)));
    to[at] = from[takeRight ? right++ : left++] as number;
  }
}

function permuteFloats(column: Float64Array, order: Uint32Array, start: number, length: number): void {
  const { floats } = scratch;
  for (let i = 0; i < length; i++) floats[i] = column[start + i] as number;
  for (let i = 0; i < length; i++) column[start + i] = floats[order[i] as number] as number;
}

function permuteWords(column: Int32Array, order: Uint32Array, start: number, length: number): void {
  const { words } = scratch;
  for (let i = 0; i < length; i++) words[i] = column[start + i] as number;
  for (let i = 0; i < length; i++) column[start + i] = words[order[i] as number] as number;
}

function permutePairs(halves: Int32Array, order: Uint32Array, start: number, length: number): void {
  const { words } = scratch;
  for (let i = 0; i < 2 * length; i++) words[i] = halves[2 * start + i] as number;
  for (let i = 0; i < length; i++) {
    const from = 2 * (order[i] as number);
    halves[2 * (start + i)] = words[from] as number;
    halves[2 * (start + i) + 1] = words[from + 1] as number;
  }
}
