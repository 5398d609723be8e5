/** The one factory of connections to ClickHouse, embedded or remote: plain HTTP, because a driver's timers cost more than a small query. */
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { parseColumns, parseRows } from './answer.js';
import { encodeParam } from './params.js';
import { HTTP_PARAMETERS, INSERT_SETTINGS, READ_SETTINGS } from './settings.js';
import { TablesError, type Credentials, type InsertOptions, type QueryOptions, type Tables } from './tables.js';
import { createTransport } from './transport.js';

export {
  TablesError,
  type Cell,
  type Columns,
  type Credentials,
  type InsertOptions,
  type QueryOptions,
  type Row,
  type Tables,
} from './tables.js';

export interface ConnectOptions {
  readonly url: string;
  readonly credentials: Credentials;
  readonly clock: Clock;
}

export function connect({ url, credentials, clock }: ConnectOptions): Tables {
  const transport = createTransport(url, credentials, clock);

  const send = (sql: string, options: QueryOptions, repeatable: boolean): Promise<string> => {
    const search = new URLSearchParams();
    if (options.database !== undefined) search.set('database', options.database);
    for (const [name, value] of Object.entries({ ...READ_SETTINGS, ...HTTP_PARAMETERS, ...options.settings })) {
      search.set(name, String(value));
    }
    for (const [name, value] of Object.entries(options.params ?? {})) search.set(`param_${name}`, encodeParam(value));
    const headers = options.workspace === undefined ? {} : { 'X-Runlog-Workspace': headerValue(options.workspace) };
    return transport.send({ search, body: [Buffer.from(sql, 'utf8')], headers, signal: options.signal, repeatable });
  };

  return {
    query: async (sql, options = {}) => parseRows(await send(`${sql}\nFORMAT JSONCompact`, options, true)),
    queryColumns: async (sql, options = {}) =>
      parseColumns(await send(`${sql}\nFORMAT JSONColumnsWithMetadata`, options, true)),
    queryText: (sql, options = {}) => send(sql, options, true),
    command: async (sql, options = {}) => void (await send(sql, options, false)),
    insertNative: async (table, body, options) => {
      const search = insertSearch(table, options);
      const pieces = body instanceof Uint8Array ? [body] : body;
      await transport.send({ search, body: pieces, signal: options.signal, repeatable: true });
    },
    ping: (timeoutMs = limits.tablesPingMsMax) => transport.ping(timeoutMs),
    close: () => Promise.resolve(transport.close()),
  };
}

/** UTF-8 in a header, byte for byte. What HTTP would change on the way (outer blanks) must not name another workspace. */
function headerValue(workspace: string): string {
  if (workspace.trim() !== workspace || /[\0-\x1f\x7f]/.test(workspace)) {
    throw new TablesError(0, `"${workspace}" cannot be the name of a workspace`, false);
  }
  return Buffer.from(workspace, 'utf8').toString('latin1');
}

const quoteName = (name: string) => `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;

function insertSearch(table: string, options: InsertOptions): URLSearchParams {
  const target = table.split('.').map(quoteName).join('.');
  const columns = options.columns === undefined ? '' : ` (${options.columns.map(quoteName).join(', ')})`;
  const search = new URLSearchParams({ query: `INSERT INTO ${target}${columns} FORMAT Native` });
  for (const [name, value] of Object.entries({ ...INSERT_SETTINGS, ...HTTP_PARAMETERS }))
    search.set(name, String(value));
  search.set('insert_deduplication_token', options.token);
  return search;
}
