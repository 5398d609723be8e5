/**
 * The partial states that make up the metrics of runs, one or more rows per series; whoever reads them groups them.
 *
 * A run's own points are its current generation's rows in `series`. A run that was rewound or forked inherits, from each of its
 * segments, the points of (source, source_generation) before the cut: whole buckets of `rollups`, the largest that fit, and the
 * raw points of the bucket that the cut goes through.
 */
import { uuidList, type Bindings } from './bindings.js';
import { forkTables, type Forks, type ForkTables } from './forks.js';

/** Level L of `rollups` has buckets of 64^L steps. */
const LEVELS = 3;
const BITS_PER_LEVEL = 6;
const BUCKET = 2 ** BITS_PER_LEVEL;

const END_POINT = 'Tuple(step Int64, micro Int32, time Int64, value Float64, is_nan UInt8)';
const POINT_AS_END = `CAST((x.step, x.micro, x.time, if(isNaN(x.value), 0, x.value), isNaN(x.value)), '${END_POINT}')`;

/** The states that can be asked for, and what they are for a single raw point x. */
const OF_A_POINT = {
  count: 'toUInt64(1)',
  finite: 'toUInt64(isFinite(x.value))',
  min: 'if(isFinite(x.value), x.value, inf)',
  max: 'if(isFinite(x.value), x.value, -inf)',
  sum: 'if(isFinite(x.value), x.value, 0)',
  first: POINT_AS_END,
  last: POINT_AS_END,
} as const;

export type MetricState = keyof typeof OF_A_POINT;

export interface MetricRows {
  readonly states: readonly MetricState[];
  /** Condition on the column that holds the key, or undefined for all keys. */
  readonly keys: ((column: string) => string) | undefined;
  /** Internal ids, or undefined for all runs. */
  readonly runs: readonly string[] | undefined;
  readonly forks: Forks;
  readonly bindings: Bindings;
}

/** A subquery with the columns run, key, context and the states. */
export function metricRows(rows: MetricRows): string {
  const tables = forkTables(rows.forks, rows.runs, rows.bindings);
  return tables === undefined ? `(${ownRows(rows, undefined)})` : inheritedRows(rows, tables);
}

/**
 * The same to stand behind FROM, of runs that fulfil a condition on `run`. Where nothing is inherited it is the table itself:
 * every subquery costs a statement some tenths of a millisecond.
 */
export function metricSource(rows: MetricRows, ofRuns?: string): string {
  const tables = forkTables(rows.forks, rows.runs, rows.bindings);
  if (tables !== undefined) return `${inheritedRows(rows, tables)}${conditions(ofRuns)}`;
  const { table, where } = own(rows);
  return `${table}${conditions(...where, ofRuns)}`;
}

function inheritedRows(rows: MetricRows, tables: ForkTables): string {
  const { heirs } = tables;
  const current = `(run NOT IN (SELECT run FROM ${heirs}) OR (run, generation) IN ${heirs})`;
  const parts = [ownRows(rows, current), inheritedBuckets(rows, tables), inheritedPoints(rows, tables)];
  return `(${parts.join(' UNION ALL ')})`;
}

function ownRows(rows: MetricRows, current: string | undefined): string {
  const { table, where } = own(rows);
  return `SELECT ${['run', 'key', 'context', ...rows.states].join(', ')} FROM ${table}${conditions(...where, current)}`;
}

/** By key, the rows of all runs lie together; by run, the rows of all keys. */
function own({ keys, runs }: MetricRows): { readonly table: string; readonly where: readonly (string | undefined)[] } {
  return runs === undefined
    ? { table: 'series', where: [keys?.('key')] }
    : { table: 'series_by_run', where: [keys?.('key'), `run IN ${uuidList(runs)}`] };
}

/** Whole buckets before the cut: all of the top level, and on each level below those in the bucket that the cut goes through. */
function inheritedBuckets(rows: MetricRows, tables: ForkTables): string {
  const levels = Array.from({ length: LEVELS }, (_, i) => LEVELS - i);
  const candidates = levels.map((level) =>
    level === LEVELS
      ? `level = ${String(level)}`
      : `(level = ${String(level)} AND ${isCut('bucket', level + 1, tables)})`,
  );
  const exact = levels.map((level) => {
    const from = level === LEVELS ? '' : ` AND x.bucket >= ${cutBucket(level + 1)} * ${String(BUCKET)}`;
    return `x.level = ${String(level)}${from} AND x.bucket < ${cutBucket(level)}`;
  });
  return inherited(rows, tables, {
    from: 'rollups',
    columns: ['level', 'bucket', ...rows.states],
    candidates: `(${candidates.join(' OR ')})`,
    exact: `(${exact.join(' OR ')})`,
    values: rows.states.map((state) => `x.${state} AS ${state}`),
  });
}

/** Raw points before the cut, of the smallest bucket that the cut goes through. */
function inheritedPoints(rows: MetricRows, tables: ForkTables): string {
  return inherited(rows, tables, {
    from: 'points',
    columns: ['step', 'micro', 'time', 'value'],
    candidates: isCut('step', 1, tables),
    exact: `x.step >= ${cutBucket(1)} * ${String(BUCKET)} AND x.step < s.cut`,
    values: rows.states.map((state) => `${OF_A_POINT[state]} AS ${state}`),
  });
}

interface Inherited {
  readonly from: string;
  readonly columns: readonly string[];
  /** A superset of what is inherited, said so that the primary key finds it. */
  readonly candidates: string;
  /** What is inherited, of the candidates x and the segments s. */
  readonly exact: string;
  readonly values: readonly string[];
}

function inherited({ keys }: MetricRows, { segments }: ForkTables, what: Inherited): string {
  const found =
    `SELECT ${['run', 'generation', 'key', 'context', ...what.columns].join(', ')} FROM ${what.from}` +
    conditions(
      keys?.('key'),
      `(run, generation) IN (SELECT source, source_generation FROM ${segments})`,
      what.candidates,
    );
  return (
    `SELECT ${['s.run AS run', 'x.key AS key', 'x.context AS context', ...what.values].join(', ')} FROM (${found}) AS x` +
    ` INNER JOIN ${segments} AS s ON x.run = s.source AND x.generation = s.source_generation WHERE ${what.exact}`
  );
}

/**
 * Whether a step or bucket is in the bucket, 64 times as wide and of `level`, that a cut of its run goes through. intDiv is
 * monotonic to the primary key; it rounds towards zero where buckets round down, which the second candidate makes good.
 */
function isCut(column: string, level: number, { segments }: ForkTables): string {
  const bucket = `bitShiftRight(cut, ${String(level * BITS_PER_LEVEL)})`;
  return (
    `(run, generation, intDiv(${column}, ${String(BUCKET)})) IN` +
    ` (SELECT source, source_generation, arrayJoin([${bucket}, ${bucket} + 1]) FROM ${segments})`
  );
}

/** floor(cut / 64^level), also where it is negative. */
const cutBucket = (level: number) => `bitShiftRight(s.cut, ${String(level * BITS_PER_LEVEL)})`;

function conditions(...all: readonly (string | undefined)[]): string {
  const given = all.filter((condition) => condition !== undefined);
  return given.length === 0 ? '' : ` WHERE ${given.join(' AND ')}`;
}
