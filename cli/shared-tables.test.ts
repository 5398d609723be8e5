/** Tables that several processes share: what a start says when they go away while it makes them ready. */
import { expect, it } from 'vitest';
import { TablesError, type Tables } from '../clickhouse/tables.js';
import { ok } from '../runtime/result.js';
import { prepareSharedTables, type SharedTablesOptions } from './shared-tables.js';

it('a ClickHouse that goes away during a start is named in a sentence', async () => {
  const gone = () => Promise.reject(new TablesError(0, 'connect ECONNREFUSED 127.0.0.1:1', true));
  const writer = { query: gone, command: gone } as Partial<Tables>;
  const server = { url: 'http://127.0.0.1:1', writer: { user: 'writer', password: '' } };
  const opened = { server, admit: () => Promise.resolve(ok(undefined)) };
  const prepared = await prepareSharedTables({ opened, writer } as unknown as SharedTablesOptions);
  expect(prepared).toEqual({
    ok: false,
    error: 'the tables at http://127.0.0.1:1 cannot be made ready: connect ECONNREFUSED 127.0.0.1:1',
  });
});
