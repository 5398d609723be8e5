/** Each finding of the doctor: good on a healthy server, bad with an advice when that one thing is broken. */
import { beforeEach, expect, test } from 'vitest';
import { sharedClickHouse, type TestClickHouse } from '../test/clickhouse.js';
import { systemClock as clock } from '../runtime/clock.js';
import { checkTables, type DoctorSubject } from './doctor.js';
import { readMigrations } from './migrate.js';

let ch: TestClickHouse;
beforeEach(async () => {
  ch = await sharedClickHouse({ fsync: true });
});

const current = readMigrations().at(-1)?.number ?? 0;

async function wrong(change: Partial<DoctorSubject> = {}) {
  const { writer, reader, database, api } = ch;
  const findings = await checkTables({ writer, reader, database, api, clock, ...change });
  for (const finding of findings) expect(finding.advice === undefined).toBe(finding.ok);
  return findings.filter((finding) => !finding.ok).map(({ check, detail }) => `${check}: ${detail}`);
}

test('a healthy server has nothing wrong, and nothing is left behind', async () => {
  expect(await wrong()).toEqual([]);
  expect(await ch.writer.query(`SELECT name FROM system.databases WHERE name LIKE '%doctor%'`)).toEqual([]);
});

test('a missing table, a changed column and a missing view are named', async () => {
  await ch.writer.command(`DROP TABLE ${ch.database}.chunks SYNC`);
  await ch.writer.command(`ALTER TABLE ${ch.database}.points MODIFY COLUMN micro Int64`);
  await ch.writer.command(`DROP VIEW ${ch.api}.seen SYNC`);
  expect(await wrong()).toEqual(['tables: chunks is missing, points differs, api.seen is missing']);
});

test('a lost deduplication window is a difference', async () => {
  await ch.writer.command(`ALTER TABLE ${ch.database}.points MODIFY SETTING non_replicated_deduplication_window = 0`);
  expect(await wrong()).toEqual(['tables: points differs']);
});

test('another schema is told apart', async () => {
  await ch.writer.command(`INSERT INTO ${ch.database}.migrations (number, name) VALUES (${current + 1}, 'future')`);
  expect(await wrong()).toEqual([
    `schema: database ${ch.database} has schema ${current + 1}, this version knows ${current}`,
  ]);
});

test('a reader that may write or sees the tables is found', async () => {
  expect(await wrong({ reader: ch.writer })).toEqual(['isolation: the reader may write']);
});

test('a server that is away is a finding per check', async () => {
  const away = () => Promise.reject(new Error('connect ECONNREFUSED'));
  const found = await wrong({ writer: { ...ch.writer, query: away }, reader: { ...ch.reader, query: away } });
  expect(found.length).toBeGreaterThanOrEqual(8);
});
