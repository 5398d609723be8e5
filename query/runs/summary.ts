/** The summary of a metric: how it is asked for over grouped states, and made from its parts. */
import type { Cell, Columns } from '../../clickhouse/tables.js';
import type { JsonFloat, MetricSummary } from '../api.js';
import type { MetricState } from '../sql/metric-rows.js';

export const SUMMARY_STATES: readonly MetricState[] = ['count', 'finite', 'min', 'max', 'sum', 'first', 'last'];

export const SUMMARY_COLUMNS =
  '(max(last) AS newest).4 AS last_value, newest.5 AS last_is_nan, newest.1 AS last_step, min(first).1 AS first_step,' +
  ' sum(count) AS points, sum(finite) AS finite_points, min(min) AS least, max(max) AS greatest, sum(sum) AS total';

export function summaryAt({ columns }: Columns, row: number): MetricSummary {
  const number = (name: string) => floatOf(columns[name]?.[row] ?? null);
  return summaryOf({
    count: number('points'),
    finite: number('finite_points'),
    least: number('least'),
    greatest: number('greatest'),
    total: number('total'),
    firstStep: number('first_step'),
    lastStep: number('last_step'),
    last: number('last_is_nan') === 1 ? NaN : number('last_value'),
  });
}

/** `least`, `greatest` and `total` are over the finite values, and mean nothing when there are none. */
export interface SummaryParts {
  readonly count: number;
  readonly finite: number;
  readonly least: number;
  readonly greatest: number;
  readonly total: number;
  /** Steps beyond 2^53 as decimal texts. */
  readonly firstStep: number | string;
  readonly lastStep: number | string;
  readonly last: number;
}

export function summaryOf({ count, finite, last, ...parts }: SummaryParts): MetricSummary {
  const none = finite === 0;
  return {
    last: jsonFloat(last),
    min: none ? null : parts.least,
    max: none ? null : parts.greatest,
    mean: none ? null : finiteOrNull(parts.total / finite),
    count,
    nonFinite: count - finite,
    firstStep: Number(parts.firstStep),
    lastStep: Number(parts.lastStep),
  };
}

/** A number of an answer of the tables, where floats that JSON lacks are words and wide integers are texts. */
export function floatOf(cell: Cell): number {
  if (typeof cell === 'number') return cell;
  return cell === 'inf' ? Infinity : cell === '-inf' ? -Infinity : Number(cell);
}

export const jsonFloat = (value: number): JsonFloat =>
  Number.isNaN(value) ? 'NaN' : value === Infinity ? 'Infinity' : value === -Infinity ? '-Infinity' : value;

// a sum of finite values may overflow
const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
