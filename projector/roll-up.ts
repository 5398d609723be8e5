/** Rolls the sorted points of a slice up: per series the buckets of 64, 4096 and 262144 steps, and one summary of the whole. */
import type { SortedPoints } from './sorted-points.js';
import { Summaries } from './summaries.js';

/** Level L has buckets of 64^L steps: six bits of the step fewer per level. */
export const LEVELS = 3;
const BITS_PER_LEVEL = 6;

/** A part is closed when it has so many rows … */
const PART_ROWS = 100_000;
/** … and points are taken in stretches of one series of so many, so that the last one cannot make it much larger. */
const STRETCH_POINTS = 65_536;

/** Rows of the table `rollups`: partial states, a bucket's rows merge wherever they are. */
export interface Rollups {
  readonly summaries: Summaries;
  level: Uint8Array;
  /** Int64 in halves: floor(step / 64^level). */
  bucket: Int32Array;
  /** Rows come in stretches of one series: index of the series, and where its rows end. */
  readonly stretches: { readonly series: number; readonly end: number }[];
}

/**
 * Gives the rollups in parts. `series` gets one row per series of `points`, in their order, whole when the last part has been taken.
 */
export function* rollUp(points: SortedPoints, series: Summaries): Generator<Rollups, void, undefined> {
  let part = emptyRollups();
  let start = 0;
  for (let s = 0; s < points.series.length; s++) {
    const end = points.ends[s] as number;
    const total = series.add();
    for (let at = start; at < end; at += STRETCH_POINTS) {
      const top = rollUpStretch(points, at, Math.min(end, at + STRETCH_POINTS), part);
      for (let row = top; row < part.summaries.rows; row++) {
        if (at === start && row === top) series.copy(total, part.summaries, row);
        else series.merge(total, part.summaries, row);
      }
      part.stretches.push({ series: s, end: part.summaries.rows });
      if (part.summaries.rows >= PART_ROWS) {
        yield part;
        part = emptyRollups();
      }
    }
    start = end;
  }
  if (part.summaries.rows > 0) yield part;
}

const emptyRollups = (): Rollups => ({
  summaries: new Summaries(),
  level: new Uint8Array(256),
  bucket: new Int32Array(512),
  stretches: [],
});

/** Adds the rows of points [start, end) of one series, level by level; gives the first row of the top level. */
function rollUpStretch(points: SortedPoints, start: number, end: number, rollups: Rollups): number {
  const { summaries } = rollups;
  const { step } = points.columns;
  let low = summaries.rows;
  for (let i = start; i < end;) {
    const stepLow = step[2 * i] as number;
    const stepHigh = step[2 * i + 1] as number;
    const bucketLow = stepLow >>> BITS_PER_LEVEL;
    let j = i + 1;
    while (j < end && step[2 * j + 1] === stepHigh && (step[2 * j] as number) >>> BITS_PER_LEVEL === bucketLow) j++;
    summaries.summarise(addRow(rollups, 1, stepLow, stepHigh), points.columns, points.hasMicro, i, j);
    i = j;
  }
  for (let level = 2; level <= LEVELS; level++) {
    const high = summaries.rows;
    for (let row = low; row < high; row++) {
      const bucketLow = rollups.bucket[2 * row] as number;
      const bucketHigh = rollups.bucket[2 * row + 1] as number;
      const newest = summaries.rows - 1;
      const same =
        newest >= high &&
        rollups.bucket[2 * newest] === shiftedLow(bucketLow, bucketHigh) &&
        rollups.bucket[2 * newest + 1] === bucketHigh >> BITS_PER_LEVEL;
      if (same) summaries.merge(newest, summaries, row);
      else summaries.copy(addRow(rollups, level, bucketLow, bucketHigh), summaries, row);
    }
    low = high;
  }
  return low;
}

/** Adds a row of `level` for the int64 (`low`, `high`), which is a step or a bucket of the level below. */
function addRow(rollups: Rollups, level: number, low: number, high: number): number {
  const row = rollups.summaries.add();
  if (row === rollups.level.length) {
    const levels = new Uint8Array(2 * row);
    levels.set(rollups.level);
    rollups.level = levels;
    const buckets = new Int32Array(4 * row);
    buckets.set(rollups.bucket);
    rollups.bucket = buckets;
  }
  rollups.level[row] = level;
  rollups.bucket[2 * row] = shiftedLow(low, high);
  rollups.bucket[2 * row + 1] = high >> BITS_PER_LEVEL;
  return row;
}

/** Low half of an int64 shifted right by one level, which is the floor of the division also where steps are negative. */
const shiftedLow = (low: number, high: number): number => (low >>> BITS_PER_LEVEL) | (high << (32 - BITS_PER_LEVEL));
