/**
 * Generations of the tables on one server. Each filling of the tables from the log has a database of its own and a database of
 * views over it; the first has the plain names. Database `api` always shows the generation that was switched to last.
 */
import { limits } from '../runtime/limits.js';
import { appliedMigration, migrate, showThrough, type MigrateOptions } from './migrate.js';
import type { Tables } from './tables.js';

/** What people call the database of views: it shows the generation that was switched to last. */
const READERS_DATABASE = 'api';

/** What our own statements call the database of tables, whichever generation they are given. */
export const TABLES_DATABASE = 'runlog';

export const databaseOf = (generation: number): string =>
  generation === 1 ? TABLES_DATABASE : `${TABLES_DATABASE}_g${String(generation)}`;

export const viewsOf = (generation: number): string =>
  generation === 1 ? READERS_DATABASE : `${READERS_DATABASE}_g${String(generation)}`;

export type GenerationOptions = Pick<MigrateOptions, 'fsync' | 'definer'>;

/** Makes the tables and views, or brings them to the current schema. */
export async function createGeneration(tables: Tables, generation: number, options: GenerationOptions): Promise<void> {
  await migrate(tables, databaseOf(generation), { ...options, api: viewsOf(generation) });
}

/** Points database `api` at the generation. */
export async function showGeneration(tables: Tables, generation: number, options: GenerationOptions): Promise<void> {
  await showThrough(tables, databaseOf(generation), { ...options, api: READERS_DATABASE });
}

/** Ascending; those that a crash left half made or half dropped too. */
export async function existingGenerations(tables: Tables): Promise<number[]> {
  const rows = await tables.query('SELECT name FROM system.databases');
  return generationsIn(rows.map(({ name }) => String(name)));
}

function generationsIn(databases: readonly string[]): number[] {
  const found = new Set<number>();
  for (const name of databases) {
    if (name === databaseOf(1)) found.add(1);
    const later = /^(?:runlog|api)_g([1-9]\d*)$/.exec(name)?.[1];
    if (later !== undefined) found.add(Number(later));
  }
  return [...found].sort((a, b) => a - b);
}

/** Those there are, of the databases of a server, and those of as many rebuilds as may follow before it is started again. */
export function databasesToCome(present: readonly string[]): string[] {
  const generations = generationsIn(present);
  const newest = generations.at(-1) ?? 1;
  const next = Array.from({ length: limits.rebuildsPerStartMax }, (_, i) => newest + 1 + i);
  return [...new Set([1, ...generations, ...next])].map(databaseOf);
}

export const isFilled = async (tables: Tables, generation: number): Promise<boolean> =>
  (await appliedMigration(tables, databaseOf(generation))) > 0;

/** Gives the space back. Database `api` stays: it shows another generation. */
export async function dropGeneration(tables: Tables, generation: number): Promise<void> {
  if (generation !== 1) await tables.command(`DROP DATABASE IF EXISTS ${viewsOf(generation)} SYNC`);
  await tables.command(`DROP DATABASE IF EXISTS ${databaseOf(generation)} SYNC`);
}

export interface Space {
  /** What the tables of the generation take. */
  readonly tablesBytes: number;
  /** What is free on the disk that they are on. */
  readonly freeBytes: number;
}

export async function spaceOf(tables: Tables, generation: number): Promise<Space> {
  const [row] = await tables.query(
    `SELECT (SELECT sum(bytes_on_disk) FROM system.parts WHERE database = {db:String} AND active) AS taken,
            (SELECT min(unreserved_space) FROM system.disks) AS free`,
    { params: { db: databaseOf(generation) } },
  );
  return { tablesBytes: Number(row?.['taken'] ?? 0), freeBytes: Number(row?.['free'] ?? 0) };
}

/** Points in the tables of the generation. */
export async function pointsOf(tables: Tables, generation: number): Promise<number> {
  const [row] = await tables.query(
    `SELECT total_rows AS points FROM system.tables WHERE database = {db:String} AND name = 'points'`,
    { params: { db: databaseOf(generation) } },
  );
  return Number(row?.['points'] ?? 0);
}
