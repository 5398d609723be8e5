/** The tables themselves: tokens, states that merge, and conditions that reach the primary keys through the views. */
import { readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { sharedClickHouse, type TestClickHouse } from '../test/clickhouse.js';
import { nativeOf } from '../test/native-block.js';
import { layout } from './config-files.js';
import { createTokenFlusher } from './dedup-log.js';

let ch: TestClickHouse;
let tables: string[] = [];

beforeAll(async () => {
  ch = await sharedClickHouse();
  const rows = await ch.writer.query(
    `SELECT name FROM system.tables WHERE database = {database:String} AND engine LIKE '%MergeTree' AND name != 'migrations'`,
    { params: { database: ch.database } },
  );
  tables = rows.map((row) => String(row['name']));
});

async function oneRow(table: string): Promise<Uint8Array> {
  const columns = await ch.writer.query(
    'SELECT name, type FROM system.columns WHERE database = {database:String} AND table = {table:String} ORDER BY position',
    { params: { database: ch.database, table } },
  );
  const value = (type: string) =>
    type.startsWith('AggregateFunction')
      ? "initializeAggregation('varPopStableState', 1.)"
      : `defaultValueOfTypeName('${type.replaceAll("'", "\\'")}')`;
  return nativeOf(
    ch,
    `SELECT ${columns.map((c) => `${value(String(c['type']))} AS \`${String(c['name'])}\``).join(', ')}`,
  );
}

const count = async (table: string) => Number((await ch.writer.query(`SELECT count() AS n FROM ${table}`))[0]?.['n']);

test('in every table a token is inserted once, and another token again', async () => {
  expect(tables.length).toBeGreaterThanOrEqual(16);
  await ch.writer.command('SYSTEM STOP MERGES');
  for (const table of tables) {
    const name = `${ch.database}.${table}`;
    const body = await oneRow(table);
    await ch.writer.insertNative(name, body, { token: 'first' });
    await ch.writer.insertNative(name, [body.subarray(0, 7), body.subarray(7)], { token: 'first' });
    expect([table, await count(name)]).toEqual([table, 1]);
    await ch.writer.insertNative(name, body, { token: 'second' });
    expect([table, await count(name)]).toEqual([table, 2]);
  }
  await ch.writer.command('SYSTEM START MERGES');
});

describe('after a kill of the engine', () => {
  const restart = async () => {
    const back = new Promise<void>((resolve) => ch.server.onRestart(resolve));
    process.kill(ch.server.pid(), 'SIGKILL');
    await back;
  };

  test('a token that was inserted is still known', async () => {
    const name = `${ch.database}.slices`;
    const body = await oneRow('slices');
    const before = await count(name);
    await ch.writer.insertNative(name, body, { token: 'kept' });
    await restart();
    await ch.writer.insertNative(name, body, { token: 'kept' });
    expect(await count(name)).toBe(before + 1);
  });

  test('a token whose part was not yet there is forgotten, so that the replay counts', async () => {
    const name = `${ch.database}.chunks`;
    const body = await oneRow('chunks');
    await ch.writer.command(`SYSTEM STOP MERGES ${name}`);
    const before = await count(name);
    await ch.writer.insertNative(name, body, { token: 'unfinished' });
    const [part] = await ch.writer.query(
      `SELECT path FROM system.parts WHERE database = {database:String} AND table = 'chunks' ORDER BY max_block_number DESC LIMIT 1`,
      { params: { database: ch.database } },
    );
    const folder = String(part?.['path']);
    expect(readdirSync(path.dirname(folder))).toContain('deduplication_logs');
    rmSync(folder, { recursive: true });
    await restart();
    expect(await count(name)).toBe(before);
    await ch.writer.insertNative(name, body, { token: 'unfinished' });
    expect(await count(name)).toBe(before + 1);
  });
});

test('after a power loss that took the newest tokens, the replay of what was not marked done counts once', async () => {
  const name = `${ch.database}.chunks`;
  const body = await oneRow('chunks');
  await ch.writer.command(`SYSTEM STOP MERGES ${name}`);
  const before = await count(name);
  const tokens = layout(ch.dir).tokens;
  const flusher = createTokenFlusher(tokens);
  await ch.writer.insertNative(name, body, { token: 'marked done' });
  await flusher.flush();
  const logs = readdirSync(tokens.store, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /deduplication_log_\d+\.txt$/.test(file),
  );
  const flushed = logs.map(
    (log) => [path.join(tokens.store, log), statSync(path.join(tokens.store, log)).size] as const,
  );
  await ch.writer.insertNative(name, body, { token: 'in flight' });
  expect(await count(name)).toBe(before + 2);
  const back = new Promise<void>((resolve) => ch.server.onRestart(resolve));
  process.kill(ch.server.pid(), 'SIGSTOP');
  for (const [log, bytes] of flushed) truncateSync(log, bytes);
  process.kill(ch.server.pid(), 'SIGKILL');
  await back;
  await ch.writer.insertNative(name, body, { token: 'in flight' });
  await ch.writer.insertNative(name, body, { token: 'marked done' });
  expect(await count(name)).toBe(before + 2);
});

test('states of a series give the same after merges as over the raw values, also where sums of squares cancel', async () => {
  const { writer, database } = ch;
  // 1e8 + {0, 1, 2}: a variance of 2/3 that a sum of squares loses
  const raw = `SELECT 'w' AS workspace, 'k' AS key, toUUID('00000000-0000-4000-8000-000000000001') AS run, number AS n, 1e8 + number % 3 AS v FROM numbers(300)`;
  for (const part of [0, 1, 2, 3, 4]) {
    await writer.command(
      `INSERT INTO ${database}.series (workspace, key, run, generation, context, count, finite, min, max, sum, spread, first, last, time_min, time_max)
       SELECT workspace, key, run, 1, '', count(), count(), min(v), max(v), sum(v), varPopStableState(v),
              min(tuple(toInt64(n), toInt32(0), toInt64(1000 - n), v, toUInt8(0))), max(tuple(toInt64(n), toInt32(0), toInt64(1000 - n), v, toUInt8(0))),
              min(toInt64(1000 - n)), max(toInt64(1000 - n))
       FROM (${raw}) WHERE n % 5 = ${part} GROUP BY workspace, key, run`,
      { settings: { insert_deduplication_token: `states/${part}` } },
    );
  }
  const read = async (final: number) =>
    writer.query(
      `SELECT sum(count) AS count, min(min) AS min, max(max) AS max, sum(sum) AS sum, varPopStableMerge(spread) AS spread,
              min(first) AS first, max(last) AS last, min(time_min) AS time_min, max(time_max) AS time_max
       FROM ${database}.series WHERE workspace = 'w' AND key = 'k' SETTINGS final = ${final}`,
    );
  const expected = {
    count: 300,
    min: 1e8,
    max: 1e8 + 2,
    sum: 300 * 1e8 + 300,
    spread: expect.closeTo(2 / 3, 9) as number,
    first: { step: 0, micro: 0, time: 1000, value: 1e8, is_nan: 0 },
    last: { step: 299, micro: 0, time: 701, value: 1e8 + 2, is_nan: 0 },
    time_min: 701,
    time_max: 1000,
  };
  expect(await read(0)).toEqual([expected]);
  expect(await read(1)).toEqual([expected]);
  await writer.command(`OPTIMIZE TABLE ${database}.series FINAL`);
  expect(await count(`${database}.series WHERE workspace = 'w'`)).toBe(1);
  expect(await read(0)).toEqual([expected]);
});

describe('through a view', () => {
  const ROWS = 1_000_000;
  beforeAll(async () => {
    const spread = `toString(intDiv(number, ${ROWS / 2})) AS workspace, concat('k', toString(intDiv(number, 5000) % 100)) AS key`;
    await ch.writer.command(
      `INSERT INTO ${ch.database}.series (workspace, key, run, count) SELECT ${spread}, generateUUIDv4(number), 1 FROM numbers(${ROWS})`,
      { settings: { insert_deduplication_token: 'many series' } },
    );
    await ch.writer.command(
      `INSERT INTO ${ch.database}.points (workspace, run, generation, key, step) SELECT toString(intDiv(number, ${ROWS / 2})) AS workspace,
       toUUID(concat('00000000-0000-4000-8000-', leftPad(toString(intDiv(number, 20000)), 12, '0'))), 1, 'loss', number % 20000 FROM numbers(${ROWS})`,
      { settings: { insert_deduplication_token: 'many points' } },
    );
  });

  // lines such as "Granules: 3/123", the last of them after all indexes
  async function granules(sql: string): Promise<{ read: number; all: number }> {
    const lines = await ch.reader.query(`EXPLAIN indexes = 1 ${sql}`, { workspace: '1' });
    const found = lines.flatMap((row) => /Granules: (\d+)\/(\d+)/.exec(String(row['explain'])) ?? []);
    return { read: Number(found.at(-2)), all: Number(found.at(-1)) };
  }

  test.each([
    ['series by key', `SELECT count() FROM API.series WHERE key = 'k70'`],
    ['series by keys', `SELECT run, max(last) FROM API.series WHERE key IN ('k70', 'k71') GROUP BY run`],
    ['points by run', `SELECT max(value) FROM API.points WHERE run = '00000000-0000-4000-8000-000000000030'`],
    [
      'points by run and step',
      `SELECT max(value) FROM API.points WHERE run = '00000000-0000-4000-8000-000000000030' AND generation = 1 AND key = 'loss' AND context = '' AND step < 100`,
    ],
  ])('%s reads by the primary key', async (_, sql) => {
    const { read, all } = await granules(sql.replace('API', ch.api));
    expect(all).toBeGreaterThan(50);
    expect(read).toBeLessThanOrEqual(all / 10);
  });

  test('the workspace alone is a range of the primary key', async () => {
    const { read, all } = await granules(`SELECT max(value) FROM ${ch.api}.points`);
    expect(read).toBeLessThanOrEqual(all / 2 + 2);
  });

  test('a versioned row shows its newest version only, merged or not', async () => {
    const { database, api, writer, reader } = ch;
    await writer.command(`SYSTEM STOP MERGES ${database}.tags`);
    for (const [value, version] of Object.entries({ new: 2, old: 1 })) {
      await writer.command(
        `INSERT INTO ${database}.tags (workspace, key, run, value, version) VALUES ('f', 't', '00000000-0000-4000-8000-000000000001', '${value}', ${version})`,
        { settings: { insert_deduplication_token: `versions/${value}` } },
      );
    }
    expect(await count(`${database}.tags WHERE workspace = 'f'`)).toBe(2);
    expect(await reader.query(`SELECT value FROM ${api}.tags`, { workspace: 'f' })).toEqual([{ value: 'new' }]);
  });

  test('partial states come as they are, or merged with the setting final', async () => {
    const { database, api, writer, reader } = ch;
    await writer.command(`SYSTEM STOP MERGES ${database}.series`);
    for (const part of [1, 2]) {
      await writer.command(`INSERT INTO ${database}.series (workspace, key, count) VALUES ('f', 'k', ${part})`, {
        settings: { insert_deduplication_token: `partial/${part}` },
      });
    }
    const counts = async (final: number) =>
      (
        await reader.query(`SELECT count FROM ${api}.series ORDER BY count`, { workspace: 'f', settings: { final } })
      ).map((row) => row['count']);
    expect(await counts(0)).toEqual([1, 2]);
    expect(await counts(1)).toEqual([3]);
  });
});
