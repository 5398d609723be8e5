/**
 * The partial states that make up the metrics of runs, one or more rows per series; whoever reads them groups them.
 *
 * A run's own points are its current generation's rows in `series`. A run that was rewound or forked inherits, from each of its
 * segments, the points of (source, source_generation) before the cut: whole buckets of `rollups`, the largest that fit, and the
 * raw points of the bucket that the cut goes through.
 */

/** Level L of `rollups` has buckets of 64^L steps. */
const LEVELS = 3;
const BITS_PER_LEVEL = 6;

const END_POINT = 'Tuple(step Int64, micro Int32, time Int64, value Float64, is_nan UInt8)';

/** The states that can be asked for, and what they are for a single raw point. */
const OF_A_POINT = {
  count: 'toUInt64(1)',
  finite: 'toUInt64(isFinite(p.value))',
  min: 'if(isFinite(p.value), p.value, inf)',
  max: 'if(isFinite(p.value), p.value, -inf)',
  sum: 'if(isFinite(p.value), p.value, 0)',
  first: endPoint('p'),
  last: endPoint('p'),
} as const;

export type MetricState = keyof typeof OF_A_POINT;

function endPoint(point: string): string {
  const { step, micro, time, value } = columnsOf(point);
  return `CAST((${step}, ${micro}, ${time}, if(isNaN(${value}), 0, ${value}), isNaN(${value})), '${END_POINT}')`;
}

const columnsOf = (point: string) => ({
  step: `${point}.step`,
  micro: `${point}.micro`,
  time: `${point}.time`,
  value: `${point}.value`,
});

export interface MetricRows {
  readonly states: readonly MetricState[];
  /** Condition on the column that holds the key, or undefined for all keys. */
  readonly keys: ((column: string) => string) | undefined;
  /** Literal list of internal ids, or undefined for all runs. */
  readonly runs: string | undefined;
  /** Whether any run of the workspace was rewound or forked; without any, one table says it all. */
  readonly forks: boolean;
}

/** A subquery or table expression with the columns run, key, context and the states. */
export function metricRows({ states, keys, runs, forks }: MetricRows): string {
  // by key, the rows of all runs lie together; by run, the rows of all keys
  const table = runs === undefined ? 'series' : 'series_by_run';
  const where = (...conditions: readonly (string | undefined)[]) => {
    const given = conditions.filter((condition) => condition !== undefined && condition !== '');
    return given.length === 0 ? '' : ` WHERE ${given.join(' AND ')}`;
  };
  const own = runs === undefined ? undefined : `run IN ${runs}`;
  const columns = ['run', 'key', 'context', ...states].join(', ');
  if (!forks) return `(SELECT ${columns} FROM ${table}${where(keys?.('key'), own)})`;

  const restricted = runs === undefined ? '' : ` WHERE run IN ${runs}`;
  const segments = `(SELECT run AS heir, source, source_generation, cut FROM segments${restricted})`;
  const sources = `IN (SELECT source FROM segments${restricted})`;
  const current = `(run NOT IN (SELECT run FROM segments) OR (run, generation) IN (SELECT run, generation FROM runs WHERE has_segments = 1))`;
  const inherited = (from: string, alias: string, values: readonly string[], before: string) =>
    `SELECT s.heir AS run, ${alias}.key AS key, ${alias}.context AS context, ${values.join(', ')}` +
    ` FROM ${from} AS ${alias} INNER JOIN ${segments} AS s ON ${alias}.run = s.source AND ${alias}.generation = s.source_generation` +
    where(keys?.(`${alias}.key`), `${alias}.run ${sources}`, before);
  return (
    `(SELECT ${columns} FROM ${table}${where(keys?.('key'), own, current)}` +
    ` UNION ALL ${inherited(
      'rollups',
      'b',
      states.map((state) => `b.${state} AS ${state}`),
      `(${wholeBuckets()})`,
    )}` +
    ` UNION ALL ${inherited(
      'points',
      'p',
      states.map((state) => `${OF_A_POINT[state]} AS ${state}`),
      rest(),
    )})`
  );
}

/** floor(cut / 64^level), also where it is negative. */
const cutBucket = (level: number) => `bitShiftRight(s.cut, ${String(level * BITS_PER_LEVEL)})`;

/** The fewest buckets whose union is everything before the bucket of level 1 that the cut goes through. */
function wholeBuckets(): string {
  return Array.from({ length: LEVELS }, (_, i) => {
    const level = LEVELS - i;
    const from = level === LEVELS ? '' : ` AND b.bucket >= ${cutBucket(level + 1)} * ${String(2 ** BITS_PER_LEVEL)}`;
    return `b.level = ${String(level)}${from} AND b.bucket < ${cutBucket(level)}`;
  }).join(' OR ');
}

const rest = () => `p.step >= ${cutBucket(1)} * ${String(2 ** BITS_PER_LEVEL)} AND p.step < s.cut`;
