/** The summary of a metric: how it is asked for over grouped states, and read from an answer. */
import type { Cell, Columns } from '../../clickhouse/tables.js';
import type { JsonFloat, MetricSummary } from '../api.js';
import type { MetricState } from '../sql/metric-rows.js';

export const SUMMARY_STATES: readonly MetricState[] = ['count', 'finite', 'min', 'max', 'sum', 'first', 'last'];

export const SUMMARY_COLUMNS =
  '(max(last) AS newest).4 AS last_value, newest.5 AS last_is_nan, newest.1 AS last_step, min(first).1 AS first_step,' +
  ' sum(count) AS points, sum(finite) AS finite_points, min(min) AS least, max(max) AS greatest, sum(sum) AS total';

export function summaryAt({ columns }: Columns, row: number): MetricSummary {
  const number = (name: string) => floatOf(columns[name]?.[row] ?? null);
  const finite = number('finite_points');
  const count = number('points');
  const none = finite === 0;
  return {
    last: number('last_is_nan') === 1 ? 'NaN' : jsonFloat(number('last_value')),
    min: none ? null : number('least'),
    max: none ? null : number('greatest'),
    mean: none ? null : finiteOrNull(number('total') / finite),
    count,
    nonFinite: count - finite,
    firstStep: number('first_step'),
    lastStep: number('last_step'),
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
