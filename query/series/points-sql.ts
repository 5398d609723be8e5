/** The SQL of lines that are sent point by point: one row per line, with an array of x and one of values, in order. */
import type { Bindings } from '../sql/bindings.js';
import { anyOf, lineExpression, readingsOf, type Scan } from './scans.js';

/** A step with its micro-step as the nearest double. */
const STEP_AS_DOUBLE = `multiIf(micro = 0, toFloat64(step),
    abs(step) < 9000000000, (step * 1000000 + micro) / 1000000,
    step + micro / 1000000)`;

export interface PointsQuestion {
  readonly scans: readonly Scan[];
  readonly bindings: Bindings;
  readonly x: 'step' | 'time';
  /** A further condition on the points. */
  readonly within?: string;
}

/** By (step, micro, time, value, is NaN), or by time first where that is x. Undefined when there is nothing to read. */
export function pointsSql({ scans, bindings, x, within }: PointsQuestion): string | undefined {
  const { points } = readingsOf(scans, 0, bindings);
  if (points.length === 0) return undefined;
  const [order, at] = x === 'time' ? ['time, step, micro', 'toFloat64(time)'] : ['step, micro, time', STEP_AS_DOUBLE];
  return `SELECT line, key, context,
  arrayMap(p -> p.6, points) AS xs,
  arrayMap(p -> if(p.5 = 1, nan, p.4), points) AS lasts
FROM (
  SELECT line, key, context, arraySort(groupArray((${order}, if(isNaN(value), 0, value), isNaN(value), at))) AS points
  FROM (
    SELECT ${lineExpression(points)} AS line, key, context, step, micro, time, value, ${at} AS at
    FROM points WHERE ${anyOf(points)}${within === undefined ? '' : ` AND ${within}`}
  ) GROUP BY line, key, context
)
FORMAT JSONCompactEachRow`;
}
