/** Compares what the tables and the servers say with what was acknowledged: every series in every table, every control fact. */
import { isDeepStrictEqual } from 'node:util';
import type { Tables } from '../../clickhouse/tables.js';
import type { RunDetail } from '../../query/api.js';
import { askUntilAnswered } from '../e2e/api.js';
import { readSeries } from '../simulation/read-back.js';
import type { Acknowledged, RunFacts, Summary } from './acknowledged.js';

const LEVELS = [1, 2, 3];

const RAW = `(
  SELECT workspace, run, generation, key, context, count() AS count, countIf(isFinite(value)) AS finite,
    countIf(isNaN(value)) AS nans, countIf(value = inf) AS pos_infs, countIf(value = -inf) AS neg_infs,
    minIf(value, isFinite(value)) AS low, maxIf(value, isFinite(value)) AS high,
    if(finite = 0, inf, low) AS min, if(finite = 0, -inf, high) AS max,
    sumIf(value, isFinite(value)) AS sum, varPopStableStateIf(value, isFinite(value)) AS spread,
    CAST(min(end), 'Tuple(step Int64, micro Int32, time Int64, value Float64, is_nan UInt8)') AS first,
    CAST(max(end), 'Tuple(step Int64, micro Int32, time Int64, value Float64, is_nan UInt8)') AS last,
    min(time) AS time_min, max(time) AS time_max
  FROM (SELECT *, (step, micro, time, if(isNaN(value), 0, value), isNaN(value)) AS end FROM runlog.points)
  GROUP BY workspace, run, generation, key, context
)`;

/** Buckets of a level that differ from the points in them, either way. Steps are not negative here. */
const unlikeBuckets = (level: number): string => {
  const rollups = `SELECT run, generation, key, context, bucket, sum(count) AS c, sum(sum) AS s, min(min) AS low, max(max) AS high
    FROM runlog.rollups WHERE level = ${String(level)} GROUP BY run, generation, key, context, bucket`;
  const points = `SELECT run, generation, key, context, intDiv(step, ${String(64 ** level)}) AS bucket, count() AS c,
    sumIf(value, isFinite(value)) AS s, min(if(isFinite(value), value, inf)) AS low, max(if(isFinite(value), value, -inf)) AS high
    FROM runlog.points GROUP BY run, generation, key, context, bucket`;
  return `SELECT (SELECT count() FROM ((${rollups}) EXCEPT (${points}))) + (SELECT count() FROM ((${points}) EXCEPT (${rollups}))) AS n`;
};

/** In words, one for each series, run or table that is not as it should be. */
export async function compareTables(tables: Tables, book: Acknowledged): Promise<string[]> {
  const differences: string[] = [];
  const expected = book.byGeneration();
  const sources: [string, string][] = [
    ['points', RAW],
    ['series', 'runlog.series'],
    ['series_by_run', 'runlog.series_by_run'],
    ...LEVELS.map((level): [string, string] => [
      `rollups of level ${String(level)}`,
      `(SELECT * FROM runlog.rollups WHERE level = ${String(level)})`,
    ]),
  ];
  for (const [name, source] of sources) {
    const stored = await readSeries(tables, source);
    for (const [series, summary] of expected) {
      const { variance: _, ...found } = stored.get(series) ?? { variance: 0 };
      if (!isDeepStrictEqual(found, summary)) differences.push(`${name}, ${series}: ${apart(found, summary)}`);
    }
    for (const series of stored.keys()) {
      if (!expected.has(series)) differences.push(`${name}, ${series}: nobody logged it`);
    }
  }
  const number = async (sql: string): Promise<number> => Number((await tables.query(sql))[0]?.['n'] ?? Number.NaN);
  const check = async (what: string, sql: string, wanted: number): Promise<void> => {
    const found = await number(sql);
    if (found !== wanted) differences.push(`${what}: ${String(found)} instead of ${String(wanted)}`);
  };
  for (const level of LEVELS) await check(`unlike buckets of level ${String(level)}`, unlikeBuckets(level), 0);
  await check('accepted batches', 'SELECT count() AS n FROM runlog.chunks', book.batches);
  await check('different batches', 'SELECT uniqExact(run, writer, seq) AS n FROM runlog.chunks', book.batches);
  await check('repeated events', 'SELECT count() - uniqExact(offset) AS n FROM runlog.events', 0);
  await check('dead letters', 'SELECT count() AS n FROM runlog.dead_letters', 0);
  await check('runs', 'SELECT count() AS n FROM runlog.runs FINAL', book.runs.size);
  return differences;
}

/** What the server on this address says of every run: as clients read it, and as the write side knows it. */
export async function compareRuns(url: string, position: string, book: Acknowledged): Promise<string[]> {
  const differences: string[] = [];
  for (const run of book.runs.values()) {
    const at = position === '' ? '' : `?at=${position}`;
    const read = await askUntilAnswered<{ run?: RunDetail }>(() => url, 'GET', `/api/v1/runs/${run.id}${at}`);
    const known = await askUntilAnswered<{ run?: RunDetail }>(
      () => url,
      'POST',
      `/api/v1/runs/${run.id}/heartbeat`,
      {},
    );
    for (const [side, answer] of [
      ['read', read],
      ['known', known],
    ] as const) {
      const found =
        answer.body.run === undefined ? { status: `HTTP ${String(answer.status)}` } : factsOf(answer.body.run);
      const wanted = factsOf(run);
      if (!isDeepStrictEqual(found, wanted)) differences.push(`${side}, run ${run.id}: ${apart(found, wanted)}`);
    }
    differences.push(...compareMetrics(run, read.body.run?.metrics ?? {}, book));
  }
  return differences;
}

function compareMetrics(run: RunFacts, metrics: RunDetail['metrics'], book: Acknowledged): string[] {
  const expected = book.byKey(run);
  const differences = [...expected].flatMap(([key, summary]) => {
    const found = metrics[key];
    const wanted = answerOf(summary);
    return isDeepStrictEqual({ ...found }, wanted)
      ? []
      : [`read, run ${run.id}, ${key}: ${apart({ ...found }, wanted)}`];
  });
  const strays = Object.keys(metrics).filter((key) => !expected.has(key));
  return [...differences, ...strays.map((key) => `read, run ${run.id}, ${key}: nobody logged it`)];
}

const answerOf = ({ count, finite, min, max, sum, first, last }: Summary) => ({
  last: last[4] === 1 ? 'NaN' : Number.isFinite(last[3]) ? last[3] : last[3] > 0 ? 'Infinity' : '-Infinity',
  min: finite === 0 ? null : min,
  max: finite === 0 ? null : max,
  mean: finite === 0 ? null : sum / finite,
  count,
  nonFinite: count - finite,
  firstStep: Number(first[0]),
  lastStep: Number(last[0]),
});

const sorted = (texts: Readonly<Record<string, string>>) => Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1));

const factsOf = ({ uuid, status, reason, generation, params, tags }: Omit<RunFacts, 'cuts' | 'id'>) => ({
  ...{ uuid, status, reason, generation },
  params: sorted(params),
  tags: sorted(tags),
});

/** The fields in which two objects differ. */
function apart(found: object, wanted: object): string {
  const have = found as Readonly<Record<string, unknown>>;
  const text = (value: unknown) =>
    JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
  return Object.entries(wanted)
    .filter(([field, value]) => !isDeepStrictEqual(have[field], value))
    .map(([field, value]) => `${field} ${text(have[field])} instead of ${text(value)}`)
    .join(', ');
}
