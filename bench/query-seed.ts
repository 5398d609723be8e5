/** Rows for the query bench, made inside ClickHouse: 10 000 runs in 10 experiments, each with 20 series, 5 parameters and 2 tags; and one long series. */
import type { Tables } from '../clickhouse/tables.js';

export const seededRuns = 10_000;
export const seededWorkspace = 'default';

const metrics = `arrayConcat(['loss', 'val_acc'], arrayMap(i -> concat('layer/', toString(i), '/grad_norm'), range(18)))`;
const run = `toUUID(concat('10000000-0000-4000-8000-', leftPad(toString(cityHash64(n) % 1000000000000), 12, '0')))`;
const experiment = `toUUID(concat('20000000-0000-4000-8000-', leftPad(toString(n % 10), 12, '0')))`;
const started = `toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + n * 60`;

/** As the projector would have left them: rows by key in `series`, `params` and `tags`, by run in their twins. */
export async function seedRuns(writer: Tables, database: string, runs = seededRuns): Promise<void> {
  const insert = (table: string, columns: string, select: string) =>
    writer.command(`INSERT INTO ${database}.${table} (${columns}) ${select}`);
  const numbers = `(SELECT number AS n FROM numbers(${String(runs)}))`;
  await insert(
    'experiments',
    'workspace, experiment, name, created_at, deleted, version',
    `SELECT '${seededWorkspace}', ${experiment}, concat('experiment-', toString(n)), ${started}, 0, n FROM (SELECT number AS n FROM numbers(10))`,
  );
  await insert(
    'runs',
    'workspace, run, id, experiment, name, group, job_type, parent, notes, status, reason, context, generation, has_segments, created_at, started_at, ended_at, archived, deleted, version',
    `SELECT '${seededWorkspace}', ${run}, concat('run-', toString(n)), ${experiment}, concat('bert-', toString(n)), '', 'train', '', '', ['completed', 'failed', 'running'][1 + n % 3], '', '{}', 0, 0, ${started}, ${started}, ${started} + 3600, 0, 0, n FROM ${numbers}`,
  );
  await insert(
    'seen',
    'workspace, run, seen_at',
    `SELECT '${seededWorkspace}', ${run}, ${started} + 3600 FROM ${numbers}`,
  );
  const lr = '[0.1, 0.03, 0.01, 0.003, 0.001][1 + cityHash64(n, 1) % 5]';
  const value = `multiIf(key = 'lr', ${lr}, toFloat64(cityHash64(n, key) % 100))`;
  for (const table of ['params', 'params_by_run']) {
    await insert(
      table,
      'workspace, key, run, experiment, value, number, version',
      `SELECT '${seededWorkspace}', key, ${run}, ${experiment}, toString(${value} AS v), v, n FROM ${numbers} ARRAY JOIN ['lr', 'width', 'depth', 'batch', 'seed'] AS key`,
    );
  }
  for (const table of ['tags', 'tags_by_run']) {
    await insert(
      table,
      'workspace, key, run, experiment, value, removed, version',
      `SELECT '${seededWorkspace}', key, ${run}, ${experiment}, if(key = 'team', ['nlp', 'vision'][1 + n % 2], 'x'), 0, n FROM ${numbers} ARRAY JOIN ['team', 'host'] AS key`,
    );
  }
  for (const table of ['series', 'series_by_run']) {
    await insert(
      table,
      'workspace, key, run, generation, context, count, finite, nans, pos_infs, neg_infs, min, max, sum, spread, first, last, time_min, time_max',
      `SELECT '${seededWorkspace}', key, ${run}, 0, '', 1000, 1000, 0, 0, 0, v / 2, v * 2, v * 1000, arrayReduce('varPopStableState', [v, v * 2]), (0, 0, 0, v, 0), (999, 0, 1000, v, 0), 0, 1000
       FROM (SELECT n, key, cityHash64(n, key) / pow(2, 64) AS v FROM ${numbers} ARRAY JOIN ${metrics} AS key)`,
    );
  }
}

export const longRun = 'run-7';
export const longKey = 'long';
export const longPoints = 1_000_000;

/** A series of one of the runs with a point at every step, its rollups and its summary. The greatest value is the number of points. */
export async function seedLongSeries(writer: Tables, database: string, points = longPoints): Promise<void> {
  const of = `'${seededWorkspace}' AS workspace, (SELECT run FROM ${database}.runs WHERE id = '${longRun}') AS run, 0 AS generation, '${longKey}' AS key, '' AS context`;
  const columns = 'workspace, run, generation, key, context';
  await writer.command(
    `INSERT INTO ${database}.points (${columns}, step, micro, time, value)
     SELECT ${of}, number, 0, 1767225600000 + number * 100, if(number = ${String(Math.floor(points / 3))}, ${String(points)}, cityHash64(number) / pow(2, 64)) FROM numbers(${String(points)})`,
  );
  const states = `count() AS count, count() AS finite, 0 AS nans, 0 AS pos_infs, 0 AS neg_infs, min(value) AS min, max(value) AS max, sum(value) AS sum,
    varPopStableState(value) AS spread, min((step, micro, time, value, 0)) AS first, max((step, micro, time, value, 0)) AS last, min(time) AS time_min, max(time) AS time_max`;
  const names = 'count, finite, nans, pos_infs, neg_infs, min, max, sum, spread, first, last, time_min, time_max';
  const from = `${database}.points WHERE workspace = '${seededWorkspace}' AND key = '${longKey}'`;
  for (const level of [1, 2, 3]) {
    await writer.command(
      `INSERT INTO ${database}.rollups (${columns}, level, bucket, ${names})
       SELECT ${columns}, ${String(level)}, bitShiftRight(step, ${String(6 * level)}) AS bucket, ${states} FROM ${from} GROUP BY ${columns}, bucket`,
    );
  }
  for (const table of ['series', 'series_by_run']) {
    await writer.command(
      `INSERT INTO ${database}.${table} (${columns}, ${names}) SELECT ${columns}, ${states} FROM ${from} GROUP BY ${columns}`,
    );
  }
}
