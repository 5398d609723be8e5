/** The SQL of a chart's cells: one row per line, with an array per column, filled from rollup buckets and from raw points. */
import type { Bindings } from '../sql/bindings.js';
import { lineExpression, anyOf, readingsOf, type Reading, type Scan } from './scans.js';

/** Which cell a row belongs to, as SQL, for rollup buckets and for raw points. */
export interface CellExpressions {
  readonly ofBucket: string;
  readonly ofPoint: string;
}

/**
 * How the first and last value of a cell are found. `quick` compares steps only, and counts in `ties` the rows of one line that
 * share a first or last step; `exact` compares (step, micro, time, value, is NaN), which takes longer.
 */
export type Ends = 'quick' | 'exact';

export interface RowsQuestion {
  readonly scans: readonly Scan[];
  readonly bindings: Bindings;
  /** The largest rollup level to use; 0 reads raw points only. */
  readonly level: number;
  readonly cell: CellExpressions;
  /** A further condition on the cell's axis, where steps do not bound it. */
  readonly within?: { readonly ofBucket: string; readonly ofPoint: string };
  readonly ends: Ends;
}

const FINITE_OR = (otherwise: string) => `if(isFinite(value), value, ${otherwise})`;

/** (step, micro, time, value, is NaN) as one number that orders like the tuple: tuples are compared a hundred times slower. */
export function orderOf(step: string, micro: string, time: string, value: string, isNan: string): string {
  const sign = '9223372036854775808';
  const bits = `reinterpretAsUInt64(${value})`;
  // -0 is equal to 0; of doubles, larger bits are larger values among positive ones and smaller among negative ones
  const value64 = `if(${value} = 0, ${sign}, bitXor(${bits}, if(${value} < 0, 18446744073709551615, ${sign})))`;
  const wide = (part: string, shift: number) => `bitShiftLeft(toUInt256(${part}), ${String(shift)})`;
  return [
    wide(`bitXor(reinterpretAsUInt64(${step}), ${sign})`, 138),
    wide(`toUInt32(${micro})`, 118),
    wide(`toUInt64(${time})`, 65),
    `bitOr(${wide(value64, 1)}, ${isNan})`,
  ].reduce((a, b) => `bitOr(${a}, ${b})`);
}

function bucketRows(readings: readonly Reading[], question: RowsQuestion): string {
  const { cell, within, ends } = question;
  const endOf = (end: 'first' | 'last') => {
    const order = orderOf(`${end}.step`, `${end}.micro`, `${end}.time`, `${end}.value`, `${end}.is_nan`);
    return `${end}.step AS ${end}_step, if(${end}.is_nan = 1, nan, ${end}.value) AS ${end}_value, ${
      ends === 'exact' ? order : `${end}.step`
    } AS ${end}_order`;
  };
  const and = within === undefined ? '' : ` AND ${within.ofBucket}`;
  return `SELECT ${lineExpression(readings)} AS line, key, context, ${cell.ofBucket} AS cell, count, finite, min, max, sum, spread,
  time_min, time_max, ${endOf('first')}, ${endOf('last')}, toUInt64(0) AS ties
FROM rollups WHERE ${anyOf(readings)}${and}`;
}

function pointRows(readings: readonly Reading[], question: RowsQuestion): string {
  const and = question.within === undefined ? '' : ` AND ${question.within.ofPoint}`;
  return pointStates(
    `SELECT ${lineExpression(readings)} AS line, key, context, ${question.cell.ofPoint} AS cell, step, micro, time, value
  FROM points WHERE ${anyOf(readings)}${and}`,
    question.ends,
  );
}

/** Partial states of `points`: rows with line, key, context, cell, step, micro, time and value. */
export function pointStates(points: string, ends: Ends): string {
  const order =
    ends === 'exact' ? orderOf('step', 'micro', 'time', 'if(isNaN(value), 0, value)', 'isNaN(value)') : 'step';
  return `SELECT line, key, context, cell, count() AS count, countIf(isFinite(value)) AS finite,
  min(${FINITE_OR('inf')}) AS min, max(${FINITE_OR('-inf')}) AS max, sum(${FINITE_OR('0')}) AS sum,
  varPopStableStateIf(value, isFinite(value)) AS spread, min(time) AS time_min, max(time) AS time_max,
  min(step) AS first_step, argMin(value, ${order}) AS first_value, min(${order}) AS first_order,
  max(step) AS last_step, argMax(value, ${order}) AS last_value, max(${order}) AS last_order,
  ${ends === 'exact' ? 'toUInt64(0)' : 'toUInt64(count() - uniqExact(step))'} AS ties
FROM (${points})
GROUP BY line, key, context, cell`;
}

/** A subquery of partial states by line, key, context and cell; undefined when there is nothing to read. */
export function rowsSql(question: RowsQuestion): string | undefined {
  const { rollups, points } = readingsOf(question.scans, question.level, question.bindings);
  const parts: string[] = [];
  if (rollups.length > 0) parts.push(bucketRows(rollups, question));
  if (points.length > 0) parts.push(pointRows(points, question));
  return parts.length === 0 ? undefined : `(${parts.join('\nUNION ALL\n')})`;
}

/** The columns of an answer's row, in their order: the line, then arrays with one element per cell, then `ties`. */
export const CELL_COLUMNS = ['count', 'finite', 'first', 'last', 'min', 'max', 'mean', 'std'] as const;

/** Arrays are made in one pass: every aggregate keeps one state per cell, so that cells are not grouped first and then collected. */
export function cellsSql(rows: string, cells: number): string {
  const per = (aggregate: string, values: string) => `${aggregate}Resample(0, ${String(cells)}, 1)(${values}, cell)`;
  return `SELECT line, key, context,
  ${per('sum', 'count')} AS counts,
  ${per('sum', 'finite')} AS finites,
  ${per('argMinOrNull', 'first_value, first_order')} AS firsts,
  ${per('argMaxOrNull', 'last_value, last_order')} AS lasts,
  ${per('minOrNullIf', 'min, finite > 0')} AS mins,
  ${per('maxOrNullIf', 'max, finite > 0')} AS maxs,
  arrayMap((total, n) -> total / n, ${per('sumOrNullIf', 'sum, finite > 0')}, finites) AS means,
  arrayMap(v -> sqrt(v), ${per('varPopStableMergeOrNullIf', 'spread, finite > 0')}) AS stds,
  sum(ties) + 2 * count() - uniqExact(first_step) - uniqExact(last_step) AS tied
FROM ${rows}
GROUP BY line, key, context
FORMAT JSONCompactEachRow`;
}
