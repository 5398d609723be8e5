/** Migrations on a real server: repeated, interrupted after any statement, and refused on a newer schema. */
import { beforeAll, expect, test } from 'vitest';
import { sharedClickHouse, type TestClickHouse } from '../test/clickhouse.js';
import { appliedMigration, migrate, readMigrations } from './migrate.js';
import type { Tables } from './tables.js';

let ch: TestClickHouse;
beforeAll(async () => {
  ch = await sharedClickHouse();
});

const current = readMigrations().at(-1)?.number ?? 0;

/** What a database is, apart from its name. */
const schema = (database: string) =>
  ch.writer.query(
    `SELECT name, replaceAll(create_table_query, {database:String}, 'DB') AS made FROM system.tables WHERE database = {database:String} ORDER BY name`,
    { params: { database } },
  );

function counted(tables: Tables): Tables & { readonly calls: string[] } {
  const calls: string[] = [];
  return {
    ...tables,
    calls,
    query: (sql, options) => (calls.push(sql), tables.query(sql, options)),
    command: (sql, options) => (calls.push(sql), tables.command(sql, options)),
  };
}

test('a second run changes nothing and costs one query', async () => {
  const before = await schema(ch.database);
  const tables = counted(ch.writer);
  await migrate(tables, ch.database, { api: ch.api });
  expect(tables.calls).toHaveLength(1);
  expect(await schema(ch.database)).toEqual(before);
});

test('interrupted after any statement, the next run completes it', async () => {
  const database = 'interrupted';
  const api = 'api_interrupted';
  for (let allowed = 1; (await appliedMigration(ch.writer, database)) < current; allowed++) {
    let left = allowed;
    const failing: Tables = {
      ...ch.writer,
      command: (sql, options) => (left-- > 0 ? ch.writer.command(sql, options) : Promise.reject(new Error('killed'))),
    };
    await migrate(failing, database, { api }).catch((cause: unknown) => expect(String(cause)).toContain('killed'));
  }
  const whole = await schema(ch.database);
  expect(await schema(database)).toEqual(whole);
  expect((await schema(api)).map((row) => row['name'])).toEqual((await schema(ch.api)).map((row) => row['name']));
});

test('tables of a newer version are refused in one sentence and left alone', async () => {
  const { database, api, writer } = await sharedClickHouse();
  await writer.command(`INSERT INTO ${database}.migrations (number, name) VALUES (${current + 1}, 'future')`);
  const tables = counted(writer);
  await expect(migrate(tables, database, { api })).rejects.toThrow(
    new RegExp(`^The tables in database ${database} were made by a newer version \\(schema ${current + 1}, [^.]*\\.$`),
  );
  expect(tables.calls).toHaveLength(1);
});

test('with fsync, every table flushes an insert before it is acknowledged', async () => {
  const { database } = await sharedClickHouse({ fsync: true });
  const rows = await ch.writer.query(
    `SELECT name FROM system.tables WHERE database = {database:String} AND engine LIKE '%MergeTree'
     AND NOT (create_table_query LIKE '%fsync_after_insert = 1%' AND create_table_query LIKE '%fsync_part_directory = 1%')`,
    { params: { database } },
  );
  expect(rows).toEqual([]);
});

test.each(['a b', 'A', '1a', 'a`', ''])('%j cannot be the name of a database', async (name) => {
  await expect(migrate(ch.writer, name)).rejects.toThrow('cannot be the name');
});
