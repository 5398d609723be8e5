/**
 * A copy of the tables as they are at one moment. A snapshot is a database of clones that share their parts with the tables, made
 * in milliseconds while nothing is inserted; ClickHouse then writes it to files at leisure, while the tables go on.
 */
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { Tables } from './tables.js';

const SNAPSHOT = 'runlog_snapshot';

/** Replaces the snapshot before. The tables must stand still. */
export async function takeSnapshot(tables: Tables, database: string): Promise<void> {
  await dropSnapshot(tables);
  await tables.command(`CREATE DATABASE ${SNAPSHOT} ENGINE = Atomic`);
  const rows = await tables.query(
    'SELECT name FROM system.tables WHERE database = {db:String} AND endsWith(engine, {engine:String})',
    { params: { db: database, engine: 'MergeTree' } },
  );
  for (const { name } of rows)
    await tables.command(`CREATE TABLE ${SNAPSHOT}.${String(name)} CLONE AS ${database}.${String(name)}`);
}

export const dropSnapshot = (tables: Tables): Promise<void> =>
  tables.command(`DROP DATABASE IF EXISTS ${SNAPSHOT} SYNC`);

/** Slices of which some inserts may be missing: a snapshot that has one could not be gone on from. */
export async function unfinishedSlices(tables: Tables, database: string): Promise<number> {
  const [row] = await tables.query(
    `SELECT count() AS unfinished FROM (
       SELECT maxIf(last_offset + 1, done = 1) AS finished, maxIf(last_offset + 1, done = 0) AS begun
       FROM ${database}.slices GROUP BY topic, partition HAVING begun > finished)`,
  );
  return Number(row?.['unfinished'] ?? 0);
}

export interface LongRunning {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Writes the snapshot under the server's folder of backups. */
export const writeSnapshot = (tables: Tables, name: string, options: LongRunning): Promise<void> =>
  finished(tables, `BACKUP DATABASE ${SNAPSHOT} TO File('${fileName(name)}') ASYNC`, 'BACKUP_CREATED', options);

/** Makes `database`, which must not be there, from a snapshot under the server's folder of backups. */
export const readSnapshot = (tables: Tables, name: string, database: string, options: LongRunning): Promise<void> =>
  finished(
    tables,
    `RESTORE DATABASE ${SNAPSHOT} AS ${database} FROM File('${fileName(name)}') ASYNC`,
    'RESTORED',
    options,
  );

async function finished(
  tables: Tables,
  statement: string,
  wanted: string,
  { clock, signal }: LongRunning,
): Promise<void> {
  const [begun] = await tables.query(statement);
  const id = String(begun?.['id']);
  for (;;) {
    signal.throwIfAborted();
    const [row] = await tables.query('SELECT status, error FROM system.backups WHERE id = {id:String}', {
      params: { id },
    });
    if (row?.['status'] === wanted) return;
    if (!['CREATING_BACKUP', 'RESTORING'].includes(String(row?.['status']))) {
      throw new Error(`ClickHouse could not finish it: ${String(row?.['error'] ?? 'it was restarted')}`);
    }
    await clock.sleep(limits.taskPollMs, signal);
  }
}

function fileName(name: string): string {
  if (!/^[a-z0-9-]+$/.test(name)) throw new Error(`"${name}" cannot be the name of a backup`);
  return name;
}
