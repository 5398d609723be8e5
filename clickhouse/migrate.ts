/** Brings a database to the current schema: numbered .sql files, each recorded when all of its statements ran. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../runtime/entry.js';
import { TablesError, type Tables } from './tables.js';

export interface MigrateOptions {
  /** The database of the readers' views; `api` unless several live on one server, all named `api…` for the reader's grant. */
  readonly api?: string;
  /** The user whose rights the views have. */
  readonly definer?: string;
  /** Flush each insert to disk before it is acknowledged: on where the server is alone with its disk. */
  readonly fsync?: boolean;
}

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly statements: readonly string[];
}

const UNKNOWN_TABLE = 60;
const UNKNOWN_DATABASE = 81;

export function readMigrations(): Migration[] {
  const folder = path.join(packageRoot, 'clickhouse/migrations');
  return readdirSync(folder)
    .filter((file) => /^\d{4}_\w+\.sql$/.test(file))
    .sort()
    .map((file) => ({
      number: Number(file.slice(0, 4)),
      name: file.slice(5, -'.sql'.length),
      statements: splitStatements(readFileSync(path.join(folder, file), 'utf8')),
    }));
}

/** The tables that hold rows of workspaces, those that readers have a view of, with the condition on the rows that may be seen. */
export function workspaceTables(): ReadonlyMap<string, string> {
  const views = readMigrations().flatMap(({ statements }) =>
    statements.flatMap((statement) => {
      const [, table, condition] = /VIEW \{api\}\.(\w+)[\s\S]*\bWHERE\b([\s\S]*)$/.exec(statement) ?? [];
      return table === undefined || condition === undefined ? [] : [[table, condition.trim()] as const];
    }),
  );
  return new Map(views);
}

/** A statement ends with a semicolon at the end of a line; a comment is a line of its own. */
export function splitStatements(sql: string): string[] {
  return sql
    .replace(/^\s*--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/**
 * Safe to run again after a crash anywhere: every statement can be repeated, and a migration counts once its record is there.
 * One query when there is nothing to do.
 */
export async function migrate(tables: Tables, database: string, options: MigrateOptions = {}): Promise<void> {
  const migrations = readMigrations();
  const current = migrations.at(-1)?.number ?? 0;
  const applied = await appliedMigration(tables, database);
  if (applied > current) {
    throw new Error(
      `The tables in database ${database} were made by a newer version (schema ${applied}, this version knows ${current}): start that version again, or restore a backup from before.`,
    );
  }
  if (applied === current) return;
  const values = variables(database, options);
  await tables.command(`CREATE DATABASE IF NOT EXISTS ${values['db']} ENGINE = Atomic`);
  await tables.command(
    `CREATE TABLE IF NOT EXISTS ${values['db']}.migrations (number UInt32, name String, at DateTime64(3, 'UTC') DEFAULT now64(3))
     ENGINE = ReplacingMergeTree ORDER BY number SETTINGS fsync_after_insert = 1, fsync_part_directory = 1`,
  );
  for (const migration of migrations.filter((m) => m.number > applied)) {
    for (const statement of migration.statements) await tables.command(substitute(statement, values));
    await tables.command(
      `INSERT INTO ${values['db']}.migrations (number, name) VALUES (${migration.number}, '${migration.name}')`,
      { settings: { async_insert: 0 } },
    );
  }
}

/**
 * Makes the readers' database `api` (again) so that its views show `database`, view by view: whoever names it in a statement of
 * their own sees the tables that it was pointed at last.
 */
export async function showThrough(tables: Tables, database: string, options: MigrateOptions = {}): Promise<void> {
  const values = variables(database, options);
  const ofReaders = readMigrations().flatMap(({ statements }) => statements.filter((text) => text.includes('{api}')));
  for (const statement of ofReaders) await tables.command(substitute(statement, values));
}

/** 0 when there is no schema yet. */
export async function appliedMigration(tables: Tables, database: string): Promise<number> {
  try {
    const rows = await tables.query(`SELECT max(number) AS number FROM ${identifier(database)}.migrations`);
    return Number(rows[0]?.['number'] ?? 0);
  } catch (cause) {
    if (cause instanceof TablesError && (cause.code === UNKNOWN_DATABASE || cause.code === UNKNOWN_TABLE)) return 0;
    throw cause;
  }
}

function variables(database: string, options: MigrateOptions): Readonly<Record<string, string>> {
  return {
    db: identifier(database),
    api: identifier(options.api ?? 'api'),
    definer: identifier(options.definer ?? 'writer'),
    fsync: options.fsync === true ? '1' : '0',
  };
}

export function substitute(statement: string, values: Readonly<Record<string, string>>): string {
  return statement.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`A migration uses {${name}}, which is not a variable.`);
    return value;
  });
}

function identifier(name: string): string {
  if (!/^[a-z_][a-z0-9_]{0,99}$/.test(name)) throw new Error(`"${name}" cannot be the name of a database or user.`);
  return name;
}
