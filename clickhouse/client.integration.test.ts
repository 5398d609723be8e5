/** The client against a real server: exact values, bound parameters, typed errors, aborts that reach the server, big inserts. */
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { sharedClickHouse, type TestClickHouse } from '../test/clickhouse.js';
import { nativeOf } from '../test/native-block.js';
import { systemClock as clock } from '../runtime/clock.js';
import { connect } from './client.js';
import type { Param } from './params.js';
import { TablesError } from './tables.js';

let ch: TestClickHouse;
beforeAll(async () => {
  ch = await sharedClickHouse();
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

describe('values', () => {
  test('come as JSON has them, wide integers exactly, times in UTC', async () => {
    const sql = `SELECT toInt64(-9007199254740993) AS wide, toUInt64(5) AS narrow, 0.1 AS float, nan AS nan, -inf AS inf, NULL AS none,
      toDateTime64('2024-01-02 03:04:05.678', 3, 'UTC') AS time, tuple(1::Int64 AS a, 'x' AS b)::Tuple(a Int64, b String) AS named`;
    const expected = {
      wide: '-9007199254740993',
      narrow: 5,
      float: 0.1,
      nan: 'nan',
      inf: '-inf',
      none: null,
      time: '2024-01-02T03:04:05.678Z',
      named: { a: 1, b: 'x' },
    };
    expect(await ch.reader.query(sql)).toEqual([expected]);
    const { rows, columns } = await ch.reader.queryColumns(sql);
    expect(rows).toBe(1);
    expect(Object.fromEntries(Object.entries(columns).map(([name, cells]) => [name, cells[0]]))).toEqual(expected);
  });

  test('what a join does not find is null', async () => {
    expect(
      await ch.reader.query('SELECT b FROM (SELECT 1 AS a) AS l LEFT JOIN (SELECT 2 AS a, 3 AS b) AS r USING (a)'),
    ).toEqual([{ b: null }]);
  });

  test('an empty answer has its columns', async () => {
    expect(await ch.reader.query('SELECT 1 AS a WHERE 0')).toEqual([]);
    expect(await ch.reader.queryColumns('SELECT 1 AS a WHERE 0')).toEqual({ rows: 0, columns: { a: [] } });
  });
});

describe('bound parameters', () => {
  test.each<[string, Param, unknown]>([
    ['String', "it's \\ \t\r\n\0 {x:String} ; -- 'é'", "it's \\ \t\r\n\0 {x:String} ; -- 'é'"],
    ['String', "'); DROP TABLE x; --", "'); DROP TABLE x; --"],
    ['String', '\\N', '\\N'],
    ['Nullable(String)', null, null],
    ['Float64', Infinity, 'inf'],
    ['Float64', NaN, 'nan'],
    ['Float64', 1e-300, 1e-300],
    ['UInt64', 18446744073709551615n, '18446744073709551615'],
    ['Bool', true, true],
    ['DateTime64(3)', new Date(1700000000123), '2023-11-14T22:13:20.123Z'],
    ['DateTime64(3)', new Date(1700000000000), '2023-11-14T22:13:20.000Z'],
    ['Array(String)', ["a'b", '\\', ']', 'x,y'], ["a'b", '\\', ']', 'x,y']],
    ['Array(Nullable(Float64))', [1, null, NaN], [1, null, 'nan']],
  ])('a %s comes back as it was given', async (type, given, expected) => {
    expect(await ch.reader.query(`SELECT {p:${type}} AS p`, { params: { p: given } })).toEqual([{ p: expected }]);
  });

  test('a list of thousands of ids fits', async () => {
    const ids = Array.from({ length: 5000 }, (_, i) => `run-${i}-${'x'.repeat(100)}`);
    const [row] = await ch.reader.query('SELECT length({ids:Array(String)}) AS n, {ids:Array(String)}[5000] AS last', {
      params: { ids },
    });
    expect(row).toEqual({ n: 5000, last: ids[4999] });
  });

  test('a value that does not fit its type is the fault of the request', async () => {
    await expect(ch.reader.query('SELECT {n:UInt8} AS n', { params: { n: 'x' } })).rejects.toMatchObject({
      retriable: false,
    });
  });
});

describe('errors', () => {
  test.each([
    ['SELEC 1', 62],
    ['SELECT * FROM nowhere.nothing', 81],
    ['SELECT throwIf(number = 99999) FROM numbers(100000)', 395],
  ])('%s is not worth a retry', async (sql, code) => {
    const error = await ch.writer.query(sql).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(TablesError);
    expect(error).toMatchObject({ code, retriable: false });
  });

  test('an answer that breaks off in the middle throws instead of being short', async () => {
    await expect(
      ch.writer.query('SELECT number, throwIf(number = 3000000) FROM numbers(4000000)', {
        settings: { max_block_size: 1000 },
      }),
    ).rejects.toMatchObject({ code: 395 });
  });

  test('running out of memory is worth a retry', async () => {
    await expect(
      ch.writer.query('SELECT groupArray(number) FROM numbers(10000000)', {
        settings: { max_memory_usage: 1_000_000 },
      }),
    ).rejects.toMatchObject({ code: 241, retriable: true });
  });

  test('a server that is away is worth a retry, and does not answer a ping', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const away = connect({ url: `http://127.0.0.1:${port}`, credentials: ch.server.reader, clock });
    await expect(away.query('SELECT 1')).rejects.toMatchObject({ code: 0, retriable: true });
    await expect(away.insertNative('t', new Uint8Array(10), { token: 't' })).rejects.toMatchObject({
      code: 0,
      retriable: true,
    });
    expect(await away.ping()).toBe(false);
    await away.close();
    expect(await ch.reader.ping()).toBe(true);
  });

  test('a wrong password is not worth a retry', async () => {
    const stranger = connect({ url: ch.url, credentials: { user: 'writer', password: 'x' }, clock });
    await expect(stranger.query('SELECT 1')).rejects.toMatchObject({ code: 516, retriable: false });
    await stranger.close();
  });

  test('a connection that the server closed meanwhile is replaced without a word', async () => {
    // answers the first request of a connection, and resets the connection on its second
    const answers = new WeakSet<net.Socket>();
    let requests = 0;
    const flaky = http.createServer((request, response) => {
      requests += 1;
      if (answers.has(request.socket)) return void request.socket.resetAndDestroy();
      answers.add(request.socket);
      request.resume().on('end', () => response.end('{"meta": [], "data": [], "rows": 0}'));
    });
    flaky.listen(0, '127.0.0.1');
    await once(flaky, 'listening');
    cleanups.push(() => void flaky.close());
    const tables = connect({
      url: `http://127.0.0.1:${(flaky.address() as net.AddressInfo).port}`,
      credentials: ch.server.reader,
      clock,
    });
    cleanups.push(() => tables.close());
    expect(await tables.query('SELECT 1')).toEqual([]);
    expect(await tables.query('SELECT 1')).toEqual([]);
    expect(requests).toBe(3);
    await expect(tables.command('DROP TABLE t')).rejects.toMatchObject({ retriable: true });
    expect(requests).toBe(4);
  });
});

describe('an abort', () => {
  const FOREVER = 'SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1';
  const running = () =>
    ch.writer.query(`SELECT query FROM system.processes WHERE user = {user:String} AND query LIKE '%1000000000000%'`, {
      params: { user: ch.server.reader.user },
    });

  test('rejects with its reason, and the server stops the query', async () => {
    const abort = new AbortController();
    const answer = ch.reader.query(FOREVER, { signal: abort.signal });
    const outcome = expect(answer).rejects.toThrow('no longer wanted');
    while ((await running()).length === 0) continue;
    abort.abort(new Error('no longer wanted'));
    await outcome;
    while ((await running()).length > 0) continue;
  });

  test('that came before sends nothing', async () => {
    await expect(ch.reader.query('SELECT 1', { signal: AbortSignal.abort(new Error('early')) })).rejects.toThrow(
      'early',
    );
  });
});

describe('a Native insert', () => {
  const points = (
    rows: number,
  ) => `SELECT 'w' AS workspace, toUUID('00000000-0000-4000-8000-000000000001') AS run, toUInt32(1) AS generation,
    'k' AS key, '' AS context, toInt64(number) AS step, toInt32(0) AS micro, toInt64(number) AS time, rand64() / 1e19 AS value FROM numbers(${rows})`;

  test('of 500 000 rows in many pieces is one part with every row', async () => {
    const { database } = await sharedClickHouse();
    const body = await nativeOf(ch, `${points(500_000)} SETTINGS max_block_size = 500000, max_threads = 1`);
    expect(body.byteLength).toBeGreaterThan(20_000_000);
    const pieces = Array.from({ length: 41 }, (_, i) =>
      body.subarray((i * body.byteLength) / 41, ((i + 1) * body.byteLength) / 41),
    );
    await ch.writer.command(`SYSTEM STOP MERGES ${database}.points`);
    await ch.writer.insertNative(`${database}.points`, pieces, { token: 'big' });
    expect(
      await ch.writer.query(`SELECT rows FROM system.parts WHERE database = {database:String} AND table = 'points'`, {
        params: { database },
      }),
    ).toEqual([{ rows: 500_000 }]);
    await ch.writer.insertNative(`${database}.points`, body, { token: 'big' });
    expect(await ch.writer.query(`SELECT count() AS n FROM ${database}.points`)).toEqual([{ n: 500_000 }]);
  });

  test('of some columns leaves the others at their defaults', async () => {
    const body = await nativeOf(ch, `SELECT 'some' AS workspace, 'k' AS key`);
    await ch.writer.insertNative(`${ch.database}.series`, body, { token: 'some', columns: ['workspace', 'key'] });
    expect(await ch.reader.query(`SELECT key, count FROM ${ch.api}.series`, { workspace: 'some' })).toEqual([
      { key: 'k', count: 0 },
    ]);
  });

  test.each([
    ['of garbage', (body: Uint8Array) => body.map((byte, i) => (i === 20 ? byte ^ 0xff : byte)).fill(0xff, 0, 2)],
    ['of another table', () => new Uint8Array(Buffer.from('\x01\x01\x01a\x05UInt8\x07', 'latin1'))],
  ])('%s is refused and leaves nothing', async (_, spoil) => {
    const { database } = await sharedClickHouse();
    const body = await nativeOf(ch, points(10));
    await expect(ch.writer.insertNative(`${database}.points`, spoil(body), { token: 'bad' })).rejects.toBeInstanceOf(
      TablesError,
    );
    expect(await ch.writer.query(`SELECT count() AS n FROM ${database}.points`)).toEqual([{ n: 0 }]);
    await ch.writer.insertNative(`${database}.points`, body, { token: 'bad' });
    expect(await ch.writer.query(`SELECT count() AS n FROM ${database}.points`)).toEqual([{ n: 10 }]);
  });

  test('into a name with odd characters stays one name', async () => {
    await expect(
      ch.writer.insertNative('db`; DROP TABLE x; --.t', new Uint8Array(), { token: 't' }),
    ).rejects.toMatchObject({ retriable: false });
  });
});
