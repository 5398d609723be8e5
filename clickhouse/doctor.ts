/** Looks at a ClickHouse that the product runs on, and says of each thing it needs whether it is so and what to do when not. */
import { limits } from '../runtime/limits.js';
import type { Clock } from '../runtime/clock.js';
import { appliedMigration, migrate, readMigrations } from './migrate.js';
import { INSERT_SETTINGS, READ_SETTINGS } from './settings.js';
import { TablesError, type Row, type Tables } from './tables.js';

export interface DoctorFinding {
  readonly check: string;
  readonly ok: boolean;
  /** What was seen. */
  readonly detail: string;
  /** What to do when it is not ok. */
  readonly advice?: string;
}

export interface DoctorSubject {
  readonly writer: Tables;
  readonly reader: Tables;
  readonly database: string;
  readonly api: string;
  /** The user whose rights the views have, where it is not the usual one. */
  readonly definer?: string;
  readonly clock: Clock;
}

const OLDEST_MAJOR = 26;
const ACCESS_DENIED = 497;
const FREE_SHARE_MIN = 0.05;

const good = (check: string, detail: string): DoctorFinding => ({ check, ok: true, detail });
const bad = (check: string, detail: string, advice: string): DoctorFinding => ({ check, ok: false, detail, advice });

type Check = (subject: DoctorSubject) => Promise<DoctorFinding>;

const CHECKS: Readonly<Record<string, Check>> = {
  version: async ({ writer }) => {
    const [row] = await writer.query('SELECT version() AS version');
    const version = String(row?.['version']);
    return Number.parseInt(version, 10) >= OLDEST_MAJOR
      ? good('version', version)
      : bad('version', version, `Upgrade ClickHouse to ${OLDEST_MAJOR} or newer.`);
  },

  schema: async ({ writer, database }) => {
    const applied = await appliedMigration(writer, database);
    const current = readMigrations().at(-1)?.number ?? 0;
    const detail = `database ${database} has schema ${applied}, this version knows ${current}`;
    if (applied === current) return good('schema', detail);
    return bad(
      'schema',
      detail,
      applied < current
        ? 'Start the server once: it brings the tables up to date.'
        : 'Start the newer version that made these tables.',
    );
  },

  tables: checkTablesAndColumns,

  settings: async ({ writer }) => {
    const names = [...new Set([...Object.keys(READ_SETTINGS), ...Object.keys(INSERT_SETTINGS)])];
    const rows = await writer.query('SELECT name FROM system.settings WHERE name IN {names:Array(String)}', {
      params: { names },
    });
    const known = new Set(rows.map((row) => row['name']));
    const missing = names.filter((name) => !known.has(name));
    return missing.length === 0
      ? good('settings', `${names.length} settings are known`)
      : bad('settings', `unknown: ${missing.join(', ')}`, 'Upgrade ClickHouse: correctness depends on these settings.');
  },

  addresses: async ({ writer }) => {
    const rows = await writer.query(
      `SELECT name, toUInt64(value) AS value FROM system.settings WHERE name IN ('http_max_uri_size', 'http_max_field_value_size')`,
    );
    const short = rows.filter((row) => Number(row['value']) < limits.tablesAddressBytesMax);
    const detail = rows.map((row) => `${String(row['name'])} = ${String(row['value'])}`).join(', ');
    return short.length === 0
      ? good('addresses', detail)
      : bad(
          'addresses',
          detail,
          `Set both to ${limits.tablesAddressBytesMax} in the profile \`default\`: questions about many runs are long.`,
        );
  },

  reader: async ({ reader, api }) => {
    const workspace = 'doctor';
    const [header] = await reader.query(`SELECT getClientHTTPHeader('X-Runlog-Workspace') AS seen`, { workspace });
    if (header?.['seen'] !== workspace) {
      return bad(
        'reader',
        'the header X-Runlog-Workspace does not arrive',
        'Let the proxy before ClickHouse pass it on.',
      );
    }
    await reader.query(`SELECT 1 FROM ${api}.runs LIMIT 1`, { workspace });
    return good('reader', `reads the views in ${api} by workspace`);
  },

  isolation: async ({ reader, database }) => {
    const [row] = await reader.query(`SELECT getSetting('readonly') AS readonly`);
    if (Number(row?.['readonly']) === 0)
      return bad('isolation', 'the reader may write', 'Give its profile readonly = 1.');
    const open = await reader.query(`SELECT 1 FROM ${database}.runs LIMIT 1`).then(
      () => true,
      (cause: unknown) => {
        if (cause instanceof TablesError && cause.code === ACCESS_DENIED) return false;
        throw cause;
      },
    );
    return open
      ? bad(
          'isolation',
          `the reader sees ${database} itself`,
          `Revoke its grants on everything but the database of the views.`,
        )
      : good('isolation', 'the reader is read-only and sees nothing but the views');
  },

  disk: async ({ writer }) => {
    const rows = await writer.query('SELECT name, free_space AS free, total_space AS total FROM system.disks');
    const full = rows.filter((row) => Number(row['free']) < FREE_SHARE_MIN * Number(row['total']));
    const detail = rows.map((row) => `${String(row['name'])}: ${percent(row)} free`).join(', ');
    return full.length === 0
      ? good('disk', detail)
      : bad('disk', detail, 'Free space, or shorten retention: merges need room.');
  },

  parts: async ({ writer, database }) => {
    const broken = await writer.query(
      `SELECT table, count() AS parts FROM system.detached_parts WHERE database = {database:String} GROUP BY table ORDER BY table`,
      { params: { database } },
    );
    return broken.length === 0
      ? good('parts', 'no part was set aside as broken')
      : bad(
          'parts',
          broken.map((row) => `${String(row['table'])}: ${String(row['parts'])} set aside`).join(', '),
          'Rebuild the tables from the log.',
        );
  },
};

/** Every check on its own: one that cannot be made is a finding, and does not hide the others. */
export async function checkTables(subject: DoctorSubject): Promise<DoctorFinding[]> {
  const findings: DoctorFinding[] = [];
  for (const [name, check] of Object.entries(CHECKS)) {
    findings.push(
      await check(subject).catch((cause: unknown) =>
        bad(
          name,
          cause instanceof Error ? cause.message : String(cause),
          'See that ClickHouse runs and that its users have their rights.',
        ),
      ),
    );
  }
  return findings;
}

/** Makes the schema anew beside the real one and compares, so that the .sql files stay the only description of it. */
async function checkTablesAndColumns({ writer, database, api, definer, clock }: DoctorSubject): Promise<DoctorFinding> {
  const suffix = clock.uuid().replaceAll('-', '').slice(0, 12);
  const fresh = { database: `doctor_${suffix}`, api: `api_doctor_${suffix}` };
  try {
    await migrate(writer, fresh.database, { api: fresh.api, ...(definer === undefined ? {} : { definer }) });
    const [expected, actual] = await Promise.all([describe(writer, fresh), describe(writer, { database, api })]);
    const wrong = [...expected].flatMap(([name, made]) => {
      const found = actual.get(name);
      if (found === undefined) return [`${name} is missing`];
      return found === made ? [] : [`${name} differs`];
    });
    return wrong.length === 0
      ? good('tables', `${expected.size} tables and views are as they should be`)
      : bad('tables', wrong.join(', '), 'Rebuild the tables from the log, and let nothing else alter them.');
  } finally {
    await writer.command(`DROP DATABASE IF EXISTS ${fresh.api} SYNC`);
    await writer.command(`DROP DATABASE IF EXISTS ${fresh.database} SYNC`);
  }
}

/** By name, with columns, keys, codecs and settings; without the names of the databases and how inserts are flushed. */
async function describe(tables: Tables, names: { database: string; api: string }): Promise<Map<string, string>> {
  const rows = await tables.query(
    `SELECT database = {api:String} AS view, name, create_table_query AS made FROM system.tables
     WHERE database IN ({database:String}, {api:String}) ORDER BY view, name`,
    { params: names },
  );
  const plain = (made: string) =>
    made
      .replaceAll(`${names.api}.`, 'api.')
      .replaceAll(`${names.database}.`, 'db.')
      .replaceAll(/,? ?fsync_\w+ = \d/g, '');
  return new Map(
    rows.map((row) => [`${row['view'] === 1 ? 'api.' : ''}${String(row['name'])}`, plain(String(row['made']))]),
  );
}

function percent(row: Row): string {
  return `${Math.round((100 * Number(row['free'])) / Math.max(1, Number(row['total'])))} %`;
}
