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

/** What partial states have beside the columns that are the same in `rollups`. */
type StateColumn = 'cell' | `${'first' | 'last'}_${'step' | 'value' | 'order'}` | 'ties';

function bucketColumns({ cell, ends }: RowsQuestion): Readonly<Record<StateColumn, string>> {
  const value = (end: string) => `if(${end}.is_nan = 1, nan, ${end}.value)`;
  const order = (end: string) =>
    ends === 'quick'
      ? `${end}.step`
      : orderOf(`${end}.step`, `${end}.micro`, `${end}.time`, `${end}.value`, `${end}.is_nan`);
  return {
    cell: cell.ofBucket,
    first_step: 'first.step',
    first_value: value('first'),
    first_order: order('first'),
    last_step: 'last.step',
    last_value: value('last'),
    last_order: order('last'),
    ties: 'toUInt64(0)',
  };
}

const bucketTable = (readings: readonly Reading[], { within }: RowsQuestion): string =>
  `rollups WHERE ${anyOf(readings)}${within === undefined ? '' : ` AND ${within.ofBucket}`}`;

function bucketRows(readings: readonly Reading[], question: RowsQuestion): string {
  const { cell, ...others } = bucketColumns(question);
  // in the order of `pointStates`, for the two are joined by place
  const columns = Object.entries(others).map(([name, sql]) => `${sql} AS ${name}`);
  return `SELECT ${lineExpression(readings)} AS line, key, context, ${cell} AS cell, count, finite, min, max, sum, spread,
  time_min, time_max, ${columns.join(', ')}
FROM ${bucketTable(readings, question)}`;
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

/** Partial states, to stand behind FROM. */
export interface States {
  /** A subquery: rows by line, key, context and cell. */
  readonly rows: string;
  /** The same without line, key and context, as what to read and how each column is written. */
  readonly ofOneLine: { readonly from: string; readonly column: (name: StateColumn) => string };
}

export const statesOfRows = (rows: string): States => ({ rows, ofOneLine: { from: rows, column: (name) => name } });

/** Undefined when there is nothing to read. */
export function statesSql(question: RowsQuestion): States | undefined {
  const { rollups, points } = readingsOf(question.scans, question.level, question.bindings);
  const parts: string[] = [];
  if (rollups.length > 0) parts.push(bucketRows(rollups, question));
  if (points.length > 0) parts.push(pointRows(points, question));
  if (parts.length === 0) return undefined;
  const states = statesOfRows(`(${parts.join('\nUNION ALL\n')})`);
  // rows that several runs inherit, or those of raw points, are made by a subquery; buckets are there as they are
  if (points.length > 0 || rollups.length !== 1 || rollups[0]?.heirs !== undefined) return states;
  const columns = bucketColumns(question);
  return { ...states, ofOneLine: { from: bucketTable(rollups, question), column: (name) => columns[name] } };
}

/** The subquery of `statesSql`. */
export const rowsSql = (question: RowsQuestion): string | undefined => statesSql(question)?.rows;

/**
 * The cells of one line, which is what most charts have: a row per cell that has points, with `cell`, the arrays' elements as in
 * `cellsSql`, and `tied`. Where a cell has no finite value, min, max, mean and std mean nothing. Aggregates by cell take two thirds
 * of the time of ones into arrays, but with several lines each row would have to name its line.
 */
export function lineCellsSql({ ofOneLine: { from, column } }: States, ends: Ends): string {
  return `SELECT ${column('cell')} AS cell_of_row, sum(count) AS counts, sum(finite) AS finites,
  argMin(${column('first_value')}, ${column('first_order')}) AS firsts, argMax(${column('last_value')}, ${column('last_order')}) AS lasts,
  min(min) AS mins, max(max) AS maxs, sum(sum) / finites AS means, sqrt(varPopStableMergeIf(spread, finite > 0)) AS stds,
  ${ends === 'exact' ? '0' : `sum(${column('ties')}) + 2 * count() - uniqExact(${column('first_step')}) - uniqExact(${column('last_step')})`} AS tied
FROM ${from}
GROUP BY cell_of_row
FORMAT JSONCompactColumns`;
}

/** The cells of several lines: a row per line with its arrays of one element per cell, then `tied`. Arrays are made in one pass: every aggregate keeps one state per cell, so that cells are not grouped first and then collected. */
export function cellsSql({ rows }: States, cells: number): string {
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
