/** Reads points, rollups and series back from ClickHouse, merged by the engine, in the shape of the naive summaries. */
import type { Cell, Row, Tables } from '../../clickhouse/tables.js';
import { seriesName, type EndTuple, type NaivePoint, type NaiveSummary } from './naive-series.js';

/** Integers beyond 2^53 come as text either way, so all of them do. */
const MERGED = `
  sum(count) AS count, sum(finite) AS finite, sum(nans) AS nans, sum(pos_infs) AS posInfs, sum(neg_infs) AS negInfs,
  min(min) AS min, max(max) AS max, sum(sum) AS sum, varPopStableMerge(spread) AS variance,
  min(first) AS f, max(last) AS l, min(time_min) AS timeMin, max(time_max) AS timeMax,
  toString(f.step) AS firstStep, f.micro AS firstMicro, f.time AS firstTime, f.value AS firstValue, f.is_nan AS firstNan,
  toString(l.step) AS lastStep, l.micro AS lastMicro, l.time AS lastTime, l.value AS lastValue, l.is_nan AS lastNan`;

const ID = 'workspace, run, generation, key, context';

export async function readSeries(tables: Tables, table: string): Promise<Map<string, NaiveSummary>> {
  const rows = await tables.query(`SELECT ${ID}, ${MERGED} FROM ${table} GROUP BY ${ID}`);
  return new Map(rows.map((row) => [nameOf(row), summaryOf(row)]));
}

/** By series and bucket. */
export async function readRollups(tables: Tables, table: string, level: number): Promise<Map<string, NaiveSummary>> {
  const rows = await tables.query(
    `SELECT ${ID}, toString(bucket) AS name, ${MERGED} FROM ${table} WHERE level = {level:UInt8} GROUP BY ${ID}, bucket`,
    { params: { level } },
  );
  return new Map(rows.map((row) => [`${nameOf(row)} ${String(row['name'])}`, summaryOf(row)]));
}

export async function readPoints(tables: Tables, table: string): Promise<NaivePoint[]> {
  const rows = await tables.query(`SELECT ${ID}, toString(step) AS step, micro, time, value FROM ${table}`);
  return rows.map((row) => ({
    workspace: String(row['workspace']),
    run: String(row['run']),
    generation: Number(row['generation']),
    key: String(row['key']),
    context: String(row['context']),
    step: BigInt(String(row['step'])),
    micro: Number(row['micro']),
    time: Number(row['time']),
    value: float(row['value']),
  }));
}

const nameOf = (row: Row): string =>
  seriesName({
    workspace: String(row['workspace']),
    run: String(row['run']),
    generation: Number(row['generation']),
    key: String(row['key']),
    context: String(row['context']),
  });

function summaryOf(row: Row): NaiveSummary {
  const end = (name: 'first' | 'last'): EndTuple => [
    BigInt(String(row[`${name}Step`])),
    Number(row[`${name}Micro`]),
    Number(row[`${name}Time`]),
    float(row[`${name}Value`]),
    Number(row[`${name}Nan`]),
  ];
  const finite = Number(row['finite']);
  return {
    count: Number(row['count']),
    finite,
    nans: Number(row['nans']),
    posInfs: Number(row['posInfs']),
    negInfs: Number(row['negInfs']),
    min: float(row['min']),
    max: float(row['max']),
    sum: float(row['sum']),
    variance: finite === 0 ? undefined : float(row['variance']),
    first: end('first'),
    last: end('last'),
    timeMin: Number(row['timeMin']),
    timeMax: Number(row['timeMax']),
  };
}

const WORDS: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, '-inf': -Infinity };

const float = (cell: Cell | undefined): number => (typeof cell === 'string' ? (WORDS[cell] ?? NaN) : Number(cell));
