/** Compares rows that were made for the tables with the naive summaries of the points that they should be of. */
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import type { NativeRow } from '../native-reader.js';
import { groupRows, mergeRows } from './merged-rows.js';
import {
  bucketOf,
  bySeries,
  seriesName,
  summarise,
  type EndTuple,
  type NaivePoint,
  type NaiveSummary,
} from './naive-series.js';

const nameOfRow = (row: NativeRow): string =>
  seriesName({
    workspace: String(row['workspace']),
    run: String(row['run']),
    generation: Number(row['generation']),
    key: String(row['key']),
    context: String(row['context']),
  });

const pointText = (point: NaivePoint): string =>
  [seriesName(point), point.step, point.micro, point.time, point.value].join(' ');

const pointOfRow = (row: NativeRow): NaivePoint => ({
  workspace: String(row['workspace']),
  run: String(row['run']),
  generation: Number(row['generation']),
  key: String(row['key']),
  context: String(row['context']),
  step: row['step'] as bigint,
  micro: Number(row['micro']),
  time: Number(row['time']),
  value: Number(row['value']),
});

/**
 * Sums and variances are compared with a tolerance relative to the size of what was added; all else exactly.
 * An `expect` of each field costs more than everything else in a simulation: it is made for what differs.
 */
export function expectSummary(actual: NaiveSummary, expected: NaiveSummary, points: readonly NaivePoint[]): void {
  const magnitude = points.reduce((sum, { value }) => sum + (Number.isFinite(value) ? Math.abs(value) : 0), 0);
  const { sum, variance, ...exact } = withoutMinusZero(actual);
  const { sum: expectedSum, variance: expectedVariance, ...expectedExact } = withoutMinusZero(expected);
  if (!isDeepStrictEqual(exact, expectedExact)) expect(exact).toEqual(expectedExact);
  expectNear(sum, expectedSum, 1e-12 * magnitude);
  if (expectedVariance === undefined) expect(variance).toBeUndefined();
  else {
    const largest = Math.max(Math.abs(expected.min), Math.abs(expected.max));
    expectNear(variance ?? NaN, expectedVariance, 1e-9 * expectedVariance + 1e-15 * largest * largest);
  }
}

function expectNear(actual: number, expected: number, tolerance: number): void {
  const distance = Math.abs(actual - expected);
  if (!(distance <= tolerance)) expect(distance).toBeLessThanOrEqual(tolerance);
}

/** Which of two equal zeros wins is nobody's business. */
function withoutMinusZero(summary: NaiveSummary): NaiveSummary {
  const plain = ([step, micro, time, value, isNan]: EndTuple): EndTuple => [step, micro, time, value + 0, isNan];
  const { min, max, first, last } = summary;
  return { ...summary, min: min + 0, max: max + 0, first: plain(first), last: plain(last) };
}

export interface TableRows {
  readonly points: readonly NativeRow[];
  readonly rollups: readonly NativeRow[];
  readonly series: readonly NativeRow[];
  readonly seriesByRun: readonly NativeRow[];
}

/** Every point once, and every series and bucket of every level right; nothing else. */
export function expectTables(rows: TableRows, points: readonly NaivePoint[]): void {
  expect(rows.points.map(pointOfRow).map(pointText).sort()).toEqual(points.map(pointText).sort());
  const expected = bySeries(points);
  for (const table of [rows.series, rows.seriesByRun]) {
    const actual = groupRows(table, nameOfRow);
    expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [name, group] of actual) {
      const own = expected.get(name) ?? [];
      expectSummary(mergeRows(group), summarise(own), own);
    }
  }
  for (const level of [1, 2, 3]) {
    const ofLevel = rows.rollups.filter((row) => row['level'] === level);
    const actual = groupRows(ofLevel, (row) => `${nameOfRow(row)} ${String(row['bucket'])}`);
    const buckets = new Map<string, NaivePoint[]>();
    for (const point of points) {
      const name = `${seriesName(point)} ${String(bucketOf(point.step, level))}`;
      buckets.set(name, [...(buckets.get(name) ?? []), point]);
    }
    expect([...actual.keys()].sort()).toEqual([...buckets.keys()].sort());
    for (const [name, group] of actual) {
      const own = buckets.get(name) ?? [];
      expectSummary(mergeRows(group), summarise(own), own);
    }
  }
}
