/** The dead letters: records that could not be projected, listed with their reason and shown one by one; for admins only. */
import { z } from 'zod';
import { letterScope } from '../clickhouse/operator.js';
import type { Row } from '../clickhouse/tables.js';
import { inspectChunk } from '../events/chunk.js';
import { decodeEnvelope } from '../events/envelope.js';
import { limits } from '../runtime/limits.js';
import { Problem } from '../runtime/problem.js';
import { letterName, type LetterPlace } from '../state/dead-letters.js';
import type { Asking } from './answering.js';
import type { DeadLetterAnswer, DeadLetterRow, DeadLettersAnswer, LetterHeader } from './api.js';
import type { QueryDeps } from './deps.js';
import { checkQuery } from './parameters.js';

const CURSOR = /^(control|metrics)\/(\d{1,9})\/(\d{1,15})$/;

const listQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(limits.deadLettersListedMax).default(100),
  cursor: z.string().regex(CURSOR, 'must be the `next` of a page before').optional(),
});
const nothing = z.strictObject({});

const COLUMNS = `topic, partition, offset, toUnixTimestamp64Milli(at) AS at, reason, workspace, size`;

function requireAdmin({ scope }: Asking): void {
  if (scope === 'admin') return;
  throw new Problem('forbidden', `this needs a key with scope admin, not ${scope ?? 'none'}`, { field: 'scope' });
}

/** By topic, partition and offset, page by page. */
export async function listDeadLetters(deps: QueryDeps, asking: Asking): Promise<DeadLettersAnswer> {
  requireAdmin(asking);
  const { limit, cursor } = checkQuery(listQuery, asking.query);
  const options = { workspace: letterScope(asking.workspace), database: deps.database, signal: asking.signal };
  const [, topic = '', partition = '0', offset = '0'] = CURSOR.exec(cursor ?? '') ?? [];
  const behind = `(topic, partition, offset) > ({topic:String}, {partition:UInt32}, {offset:UInt64})`;
  const [rows, [counted]] = await Promise.all([
    deps.tables.query(
      `SELECT ${COLUMNS} FROM dead_letters FINAL ${cursor === undefined ? '' : `WHERE ${behind}`}
       ORDER BY topic, partition, offset LIMIT {limit:UInt32}`,
      { ...options, params: { topic, partition: Number(partition), offset: Number(offset), limit: limit + 1 } },
    ),
    deps.tables.query('SELECT count() AS total FROM dead_letters FINAL', options),
  ]);
  const letters = rows.slice(0, limit).map((row) => letterRow(deps, row));
  const last = letters.at(-1);
  return {
    letters,
    next: rows.length > limit && last !== undefined ? letterName(last) : null,
    total: Number(counted?.['total'] ?? 0),
  };
}

export async function showDeadLetter(deps: QueryDeps, asking: Asking): Promise<DeadLetterAnswer> {
  requireAdmin(asking);
  checkQuery(nothing, asking.query);
  const { topic = '', partition = '', offset = '' } = asking.path;
  const name = `${topic}/${partition}/${offset}`;
  const notFound = () => new Problem('not_found', `there is no dead letter ${name.slice(0, 200)}`, { field: 'offset' });
  if (!CURSOR.test(name)) throw notFound();
  const [row] = await deps.tables.query(
    `SELECT ${COLUMNS}, base64Encode(value) AS bytes FROM dead_letters FINAL
     WHERE topic = {topic:String} AND partition = {partition:UInt32} AND offset = {offset:UInt64}`,
    {
      ...{ workspace: letterScope(asking.workspace), database: deps.database, signal: asking.signal },
      params: { topic, partition: Number(partition), offset: Number(offset) },
    },
  );
  if (row === undefined) throw notFound();
  const letter = letterRow(deps, row);
  const value = Buffer.from(String(row['bytes']), 'base64');
  return {
    letter: {
      ...letter,
      header: letter.topic === 'metrics' ? metricsHeader(value) : controlHeader(value),
      bytes: value.toString('base64'),
      truncated: value.length < letter.size,
    },
  };
}

function letterRow({ retries }: QueryDeps, row: Row): DeadLetterRow {
  const place: LetterPlace = {
    topic: row['topic'] === 'control' ? 'control' : 'metrics',
    partition: Number(row['partition']),
    offset: Number(row['offset']),
  };
  const retry = retries?.(letterName(place));
  return {
    ...place,
    at: Number(row['at']),
    reason: String(row['reason']),
    workspace: String(row['workspace']),
    size: Number(row['size']),
    retry: retry === undefined ? null : { at: retry.at, retriedAs: retry.retriedAs },
  };
}

/** What of a record can still be read; null where nothing can. */
function metricsHeader(value: Uint8Array): LetterHeader | null {
  const envelope = decodeEnvelope(value);
  if (!envelope.ok) return null;
  const { chunk, ...of } = envelope.value;
  const info = inspectChunk(chunk);
  if (!info.ok) return { envelope: of, chunk: null };
  const { kind, writer, seq, rows, series } = info.value;
  return { envelope: of, chunk: { kind, writer, seq, rows, keys: series.slice(0, 20).map(({ key }) => key) } };
}

function controlHeader(value: Buffer): LetterHeader | null {
  try {
    const event: unknown = JSON.parse(value.toString('utf8'));
    return typeof event === 'object' && event !== null ? { event } : null;
  } catch {
    return null;
  }
}
