/** All rows of the tables of a running server, for comparison: what two fillings from one log have to have in common. */
import { readFileSync } from 'node:fs';
import { connect } from '../clickhouse/client.js';
import { layout, writerPassword } from '../clickhouse/config-files.js';
import type { Cell, Row, Tables } from '../clickhouse/tables.js';
import { dataLayout } from '../cli/layout.js';
import { systemClock as clock } from '../runtime/clock.js';

export interface StoredRows {
  readonly database: string;
  /** By table, in the order of all columns. */
  readonly rows: ReadonlyMap<string, readonly Row[]>;
}

/** A connection to the ClickHouse of the server on the folder, with the rights of its writer. */
export function connectAsWriter(data: string): Tables {
  const dir = dataLayout(data).clickhouse;
  const port = /<http_port>(\d+)</.exec(readFileSync(layout(dir).config, 'utf8'))?.[1] ?? '';
  const credentials = { user: 'writer', password: writerPassword(dir) };
  return connect({ url: `http://127.0.0.1:${port}`, credentials, clock });
}

/** Where a slice was cut and when is no function of the log; the switches are what differs between two generations. */
const SKIPPED = new Set(['slices', 'migrations']);

export async function databasesOf(data: string): Promise<string[]> {
  const tables = connectAsWriter(data);
  const rows = await tables.query("SELECT name FROM system.databases WHERE match(name, '^(runlog|api)') ORDER BY name");
  await tables.close();
  return rows.map((row) => String(row['name']));
}

export async function storedRows(data: string): Promise<StoredRows> {
  const tables = connectAsWriter(data);
  const [only, ...more] = (await databasesOf(data)).filter((name) => name.startsWith('runlog'));
  if (only === undefined || more.length > 0) throw new Error(`one database was expected beside ${more.join()}`);
  const names = await tables.query('SELECT name FROM system.tables WHERE database = {db:String}', {
    params: { db: only },
  });
  const rows = new Map<string, Row[]>();
  for (const name of names.map((row) => String(row['name'])).filter((table) => !SKIPPED.has(table))) {
    await tables.command(`OPTIMIZE TABLE ${only}.${name} FINAL`);
    const columns =
      name === 'rollups' || name.startsWith('series') ? '* REPLACE (finalizeAggregation(spread) AS spread)' : '*';
    const which = name === 'events' ? "WHERE type != 'TablesSwitched'" : '';
    rows.set(name, await tables.query(`SELECT ${columns} FROM ${only}.${name} ${which} ORDER BY ALL`));
  }
  await tables.close();
  return { database: only, rows };
}

/** The first difference, in words; undefined when there is none. The spread may differ in its last digits: it depends on the order of adding. */
export function differenceOf(a: StoredRows, b: StoredRows): string | undefined {
  if ([...a.rows.keys()].sort().join() !== [...b.rows.keys()].sort().join()) return 'other tables';
  for (const [table, rows] of a.rows) {
    const others = b.rows.get(table) ?? [];
    if (rows.length !== others.length) return `${table}: ${String(rows.length)} rows and ${String(others.length)}`;
    for (const [i, row] of rows.entries()) {
      for (const [column, cell] of Object.entries(row)) {
        const other = others[i]?.[column];
        if (!isSame(column, cell, other)) {
          return `${table}, row ${String(i)}, ${column}: ${JSON.stringify(cell)} and ${JSON.stringify(other)}`;
        }
      }
    }
  }
  return undefined;
}

function isSame(column: string, a: Cell, b: Cell | undefined): boolean {
  if (column === 'spread' && typeof a === 'number' && typeof b === 'number') {
    return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a));
  }
  return JSON.stringify(a) === JSON.stringify(b);
}
