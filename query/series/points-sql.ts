/** The SQL of lines that are sent point by point: one row per line, with an array of x and one of values, in order of x. */
import type { Bindings } from '../sql/bindings.js';
import { anyOf, lineExpression, readingsOf, type Scan } from './scans.js';

/** A step with its micro-step as the nearest double. */
const STEP_AS_DOUBLE = `multiIf(micro = 0, toFloat64(step),
    abs(step) < 9000000000, (step * 1000000 + micro) / 1000000,
    step + micro / 1000000)`;

/** x of a point as SQL, and what points are ordered by; then come value and is NaN. */
export interface Axis {
  readonly at: string;
  readonly order: string;
}

export const STEP_AXIS: Axis = { at: STEP_AS_DOUBLE, order: 'step, micro, time' };
export const TIME_AXIS: Axis = { at: 'toFloat64(time)', order: 'time, step, micro' };

/** `within` is a further condition on the points. Undefined when there is nothing to read. */
export function pointsSql(scans: readonly Scan[], bindings: Bindings, axis: Axis, within?: string): string | undefined {
  const { points } = readingsOf(scans, 0, bindings);
  if (points.length === 0) return undefined;
  return pointArrays(
    `SELECT ${lineExpression(points)} AS line, key, context, step, micro, time, value, ${axis.at} AS at
    FROM points WHERE ${anyOf(points)}${within === undefined ? '' : ` AND ${within}`}`,
    axis.order,
  );
}

/** Arrays of `points`: rows with line, key, context, step, micro, time, value and x as `at`. */
export function pointArrays(points: string, order: string): string {
  return `SELECT line, key, context, arrayMap(p -> p.4, sorted) AS xs, arrayMap(p -> if(p.3 = 1, nan, p.2), sorted) AS lasts
FROM (
  SELECT line, key, context, arraySort(groupArray(((${order}), if(isNaN(value), 0, value), isNaN(value), at))) AS sorted
  FROM (${points}) GROUP BY line, key, context
)
FORMAT JSONCompactEachRow`;
}
