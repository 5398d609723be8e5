/** What can be read by whom: views of one workspace by the reader, its rows in the tables by the querier, and nothing else of the server. */
import { beforeAll, describe, expect, test } from 'vitest';
import { sharedClickHouse, type TestClickHouse } from '../test/clickhouse.js';
import { readMigrations } from './migrate.js';

const ACCESS_DENIED = 497;

let ch: TestClickHouse;

const views = readMigrations()
  .flatMap((migration) => migration.statements)
  .flatMap((statement) => /VIEW \{api\}\.(\w+)/.exec(statement)?.[1] ?? []);

beforeAll(async () => {
  ch = await sharedClickHouse();
  for (const [offset, workspace] of ['mine', 'theirs', 'grün'].entries()) {
    for (const view of views) {
      // the key of a letter is its place alone
      const [columns, values] = view === 'dead_letters' ? [', offset', ', {offset:UInt64}'] : ['', ''];
      await ch.writer.command(
        `INSERT INTO ${ch.database}.${view} (workspace${columns}) SELECT {workspace:String}${values}`,
        {
          params: { workspace, offset },
          settings: { insert_deduplication_token: `${workspace}/${view}` },
        },
      );
    }
  }
});

test('there is a view for every table that readers need', () => {
  expect(views.sort()).toEqual(
    'dead_letters events experiments params params_by_run points rollups runs seen segments series series_by_run tags tags_by_run'.split(
      ' ',
    ),
  );
});

test('the operator sees the dead letters of all workspaces, also of none, and nothing else of them', async () => {
  await ch.writer.command(`INSERT INTO ${ch.database}.dead_letters (offset) SELECT 99`);
  for (const view of views) {
    const rows = await ch.reader.query(`SELECT DISTINCT workspace FROM ${ch.api}.${view} ORDER BY workspace`, {
      workspace: '*',
    });
    const all = ['', 'grün', 'mine', 'theirs'];
    expect([view, rows.map((row) => row['workspace'])]).toEqual([view, view === 'dead_letters' ? all : []]);
  }
});

describe.each(views)('api.%s', (view) => {
  test('shows the workspace of the request only, and nothing without one', async () => {
    const workspaces = async (workspace?: string) =>
      (
        await ch.reader.query(
          `SELECT DISTINCT workspace FROM ${ch.api}.${view}`,
          workspace === undefined ? {} : { workspace },
        )
      ).map((row) => row['workspace']);
    expect(await workspaces('mine')).toEqual(['mine']);
    expect(await workspaces('grün')).toEqual(['grün']);
    expect(await workspaces('nobody')).toEqual([]);
    expect(await workspaces('')).toEqual([]);
    expect(await workspaces()).toEqual([]);
  });

  test.each([view, `merge(currentDatabase(), '^${view}$')`, `view(SELECT * FROM ${view})`])(
    'shows the querier, as %s, the workspace of the request only, and nothing without one',
    async (from) => {
      const workspaces = async (workspace?: string) => {
        const options = { database: ch.database, ...(workspace === undefined ? {} : { workspace }) };
        const rows = await ch.querier.query(`SELECT DISTINCT workspace FROM ${from}`, options);
        return rows.map((row) => row['workspace']);
      };
      expect(await workspaces('mine')).toEqual(['mine']);
      expect(await workspaces('grün')).toEqual(['grün']);
      expect(await workspaces('nobody')).toEqual([]);
      expect(await workspaces('')).toEqual([]);
      expect(await workspaces()).toEqual([]);
    },
  );

  test('has every column of its table', async () => {
    const columns = async (database: string) =>
      ch.writer.query(
        'SELECT name, type FROM system.columns WHERE database = {database:String} AND table = {view:String}',
        {
          params: { database, view },
        },
      );
    expect(await columns(ch.api)).toEqual(await columns(ch.database));
  });

  test('hides its table', async () => {
    await expect(ch.reader.query(`SELECT * FROM ${ch.database}.${view}`, { workspace: 'mine' })).rejects.toMatchObject({
      code: 497,
      retriable: false,
    });
  });
});

const tablesWithoutRows = ['chunks', 'migrations', 'slices'];

test.each(tablesWithoutRows)('the querier has no right on %s', async (table) => {
  await expect(ch.querier.query(`SELECT * FROM ${ch.database}.${table}`, { workspace: 'mine' })).rejects.toMatchObject({
    code: ACCESS_DENIED,
  });
});

test('every table of the schema is either for workspaces or for nobody', async () => {
  const tables = await ch.writer.query('SELECT name FROM system.tables WHERE database = {database:String}', {
    params: { database: ch.database },
  });
  expect(tables.map(({ name }) => name).sort()).toEqual([...views, ...tablesWithoutRows].sort());
});

test.each([' mine', 'mine ', 'mine\n', 'mi\0ne'])(
  'a workspace that HTTP would change on the way is refused: %j',
  async (workspace) => {
    await expect(ch.reader.query('SELECT 1', { workspace })).rejects.toMatchObject({ retriable: false });
  },
);

const READONLY = 164;
const OUT_OF_BOUNDS = 452;
const NO_OUTFILE = 358;

describe.each(['reader', 'querier'] as const)('as %s', (who) => {
  test.each([
    ['SELECT * FROM system.processes', ACCESS_DENIED],
    ['SELECT * FROM system.users', ACCESS_DENIED],
    ['SELECT * FROM system.server_settings', ACCESS_DENIED],
    ['SELECT * FROM system.parts', ACCESS_DENIED],
    ['SELECT * FROM system.query_log', 60],
    ['SELECT * FROM information_schema.tables', ACCESS_DENIED],
    [`SELECT * FROM file('/etc/hostname', 'LineAsString')`, ACCESS_DENIED],
    [`SELECT * FROM url('http://127.0.0.1/', 'LineAsString')`, ACCESS_DENIED],
    [`SELECT * FROM remote('127.0.0.1', 'DATABASE', 'points')`, ACCESS_DENIED],
    [`SELECT * FROM executable('x', 'TSV', 'a String')`, ACCESS_DENIED],
    [`SELECT 1 INTO OUTFILE '/tmp/runlog-outfile'`, NO_OUTFILE],
    ['SELECT 1 SETTINGS readonly = 0', READONLY],
    ['SELECT 1 SETTINGS max_execution_time = 100000', OUT_OF_BOUNDS],
    ['SELECT 1 SETTINGS max_execution_time = 0', OUT_OF_BOUNDS],
    ['SELECT 1 SETTINGS max_memory_usage = 0', OUT_OF_BOUNDS],
  ])('refused: %s', async (sql, code) => {
    await expect(ch[who].query(sql.replace('DATABASE', ch.database), { workspace: 'mine' })).rejects.toMatchObject({
      code,
    });
  });

  test.each([
    'INSERT INTO API.points (workspace) SELECT 1',
    'CREATE TABLE API.x (a UInt8) ENGINE = Memory',
    'CREATE TEMPORARY TABLE x (a UInt8)',
    'DROP TABLE API.points',
    'ALTER TABLE API.points DELETE WHERE 1',
    'KILL QUERY WHERE 1',
    'SYSTEM STOP MERGES API.points',
    'SYSTEM SHUTDOWN',
  ])('not to be done: %s', async (sql) => {
    const database = who === 'reader' ? ch.api : ch.database;
    await expect(ch[who].command(sql.replace('API', database), { workspace: 'mine' })).rejects.toMatchObject({
      retriable: false,
    });
  });
});

// policies cover rows, not keys in an index: statements that people write are the reader's
test.each([
  [`SELECT * FROM mergeTreeIndex('DATABASE', 'points')`, ACCESS_DENIED],
  [`SELECT * FROM view(SELECT * FROM DATABASE.points)`, ACCESS_DENIED],
  [`SELECT * FROM merge('DATABASE', '.*')`, 636],
])('the reader is refused: %s', async (sql, code) => {
  await expect(ch.reader.query(sql.replace('DATABASE', ch.database), { workspace: 'mine' })).rejects.toMatchObject({
    code,
  });
});

test('the passwords of the connection cannot be read back through the header function', async () => {
  const [row] = await ch.reader.query(
    `SELECT getClientHTTPHeader('X-ClickHouse-Key') AS key, getClientHTTPHeader('x-clickhouse-user') AS user`,
  );
  expect(row).toEqual({ key: '', user: '' });
});

test('the databases and tables a reader can list are those of the views', async () => {
  const databases = await ch.reader.query(`SELECT name FROM system.databases WHERE NOT startsWith(name, 'api')`);
  const tables = await ch.reader.query(
    `SELECT DISTINCT database FROM system.tables WHERE NOT startsWith(database, 'api')`,
  );
  expect([...databases, ...tables]).toEqual([]);
});

test('nobody else gets in', async () => {
  const login = (user: string, password: string) =>
    fetch(`${ch.url}/?query=${encodeURIComponent(`SELECT * FROM ${ch.database}.runs`)}`, {
      headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password },
    });
  expect((await login('writer', '')).ok).toBe(false);
  expect((await login('runlog_reader', '')).ok).toBe(false);
  expect((await login('runlog_querier', '')).ok).toBe(false);
  expect((await login('default', '')).ok).toBe(false);
});
