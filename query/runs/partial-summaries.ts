/** Summaries of metrics from the partial states that the tables hold: few rows are merged sooner here than grouped there. */
import type { Cell, Columns } from '../../clickhouse/tables.js';
import type { MetricSummary } from '../api.js';
import { floatOf, summaryOf, type SummaryParts } from './summary.js';

/** Of a row of `series_by_run`; of its ends only what is needed, because every element of a tuple is a file to read. */
export const PARTIAL_COLUMNS =
  'count, finite, min, max, sum, first.step AS first_step, last.step AS last_step, last.micro AS last_micro,' +
  ' last.time AS last_time, last.value AS last_value, last.is_nan AS last_is_nan';

interface Merged {
  readonly parts: SummaryParts;
  /** The row that has the last value. */
  readonly newest: number;
}

/** `answer` has run, key and PARTIAL_COLUMNS, in any order, any number of rows for a run and key. By run, then by key. */
export function mergePartials(answer: Columns): Map<string, Map<string, MetricSummary>> {
  const partials = partialsOf(answer);
  const byRun = new Map<string, Map<string, Merged>>();
  for (let row = 0; row < answer.rows; row++) {
    const run = partials.run(row);
    let metrics = byRun.get(run);
    if (metrics === undefined) byRun.set(run, (metrics = new Map<string, Merged>()));
    const key = partials.key(row);
    const known = metrics.get(key);
    const isNewest = known === undefined || partials.compareLast(row, known.newest) > 0;
    const next = partials.at(row);
    metrics.set(key, {
      parts: known === undefined ? next : merge(known.parts, next, isNewest),
      newest: isNewest ? row : known.newest,
    });
  }
  return new Map(
    [...byRun].map(([run, metrics]) => [run, new Map([...metrics].map(([key, { parts }]) => [key, summaryOf(parts)]))]),
  );
}

function merge(a: SummaryParts, b: SummaryParts, isNewest: boolean): SummaryParts {
  const newest = isNewest ? b : a;
  return {
    count: a.count + b.count,
    finite: a.finite + b.finite,
    least: Math.min(a.least, b.least),
    greatest: Math.max(a.greatest, b.greatest),
    total: a.total + b.total,
    firstStep: compareWide(a.firstStep, b.firstStep) <= 0 ? a.firstStep : b.firstStep,
    lastStep: newest.lastStep,
    last: newest.last,
  };
}

function partialsOf({ columns }: Columns) {
  const column = (name: string): readonly Cell[] => columns[name] ?? [];
  const [run, key, count, finite, min, max, sum] = ['run', 'key', 'count', 'finite', 'min', 'max', 'sum'].map(column);
  const [firstStep, lastStep, micro, time, value, isNan] = [
    'first_step',
    'last_step',
    'last_micro',
    'last_time',
    'last_value',
    'last_is_nan',
  ].map(column);
  const number = (cells: readonly Cell[] | undefined, row: number) => floatOf(cells?.[row] ?? null);
  const wide = (cells: readonly Cell[] | undefined, row: number): Wide => (cells?.[row] ?? 0) as Wide;
  return {
    run: (row: number) => String(run?.[row]),
    key: (row: number) => String(key?.[row]),
    at: (row: number): SummaryParts => ({
      count: number(count, row),
      finite: number(finite, row),
      least: number(min, row),
      greatest: number(max, row),
      total: number(sum, row),
      firstStep: wide(firstStep, row),
      lastStep: wide(lastStep, row),
      last: number(isNan, row) === 1 ? NaN : number(value, row),
    }),
    /** As (step, micro, time, value or 0 for NaN, is NaN). */
    compareLast: (a: number, b: number): number =>
      compareWide(wide(lastStep, a), wide(lastStep, b)) ||
      number(micro, a) - number(micro, b) ||
      compareWide(wide(time, a), wide(time, b)) ||
      compareFloats(number(value, a), number(value, b)) ||
      number(isNan, a) - number(isNan, b),
  };
}

/** A 64-bit integer of an answer: a decimal text beyond 2^53. */
export type Wide = number | string;

export function compareWide(a: Wide, b: Wide): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [x, y] = [BigInt(a), BigInt(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

// two infinities have no difference
const compareFloats = (a: number, b: number) => (a < b ? -1 : a > b ? 1 : 0);
