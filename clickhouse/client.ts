/** The one factory of connections to ClickHouse, embedded or remote: queries through @clickhouse/client, Native inserts as plain HTTP posts. */
import http from 'node:http';
import https from 'node:https';
import { ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { parseColumns, parseRows } from './answer.js';
import { HTTP_PARAMETERS, INSERT_SETTINGS, READ_SETTINGS } from './settings.js';
import {
  isRetriableCode,
  TablesError,
  type Credentials,
  type InsertOptions,
  type QueryOptions,
  type Tables,
} from './tables.js';

export {
  TablesError,
  type Cell,
  type Columns,
  type Credentials,
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
  const base = new URL(url);
  const secure = base.protocol === 'https:';
  const pool = { keepAlive: true, maxSockets: limits.tablesConnectionsMax };
  const agent = secure ? new https.Agent(pool) : new http.Agent(pool);
  const client = createClient({
    url,
    username: credentials.user,
    password: credentials.password,
    http_agent: agent,
    request_timeout: limits.tablesRequestMsMax,
    compression: { request: false, response: false },
    clickhouse_settings: {},
    log: { level: ClickHouseLogLevel.OFF },
  });

  const request = (options: QueryOptions) => ({
    query_id: clock.uuid(),
    clickhouse_settings: { ...READ_SETTINGS, ...HTTP_PARAMETERS, ...options.settings },
    http_headers: {
      ...(options.workspace === undefined ? {} : { 'X-Runlog-Workspace': options.workspace }),
      ...(options.database === undefined ? {} : { 'X-ClickHouse-Database': options.database }),
    },
    ...(options.params === undefined ? {} : { query_params: { ...options.params } }),
    ...(options.signal === undefined ? {} : { abort_signal: options.signal }),
  });

  const answer = async (sql: string, format: 'JSONCompact' | 'JSONColumnsWithMetadata', options: QueryOptions) => {
    options.signal?.throwIfAborted();
    try {
      const result = await client.query({ query: sql, format, ...request(options) });
      return await result.text();
    } catch (cause) {
      throw asTablesError(cause, options.signal);
    }
  };

  return {
    query: async (sql, options = {}) => parseRows(await answer(sql, 'JSONCompact', options)),
    queryColumns: async (sql, options = {}) => parseColumns(await answer(sql, 'JSONColumnsWithMetadata', options)),

    command: async (sql, options = {}) => {
      options.signal?.throwIfAborted();
      try {
        await client.command({ query: sql, ...request(options) });
      } catch (cause) {
        throw asTablesError(cause, options.signal);
      }
    },

    insertNative: (table, body, options) => {
      const target = new URL(base);
      target.search = insertQuery(table, options);
      const pieces = body instanceof Uint8Array ? [body] : body;
      const headers = { 'X-ClickHouse-User': credentials.user, 'X-ClickHouse-Key': credentials.password };
      return post(target, secure, { agent, headers }, pieces, options.signal);
    },

    ping: () => ping(new URL('/ping', base), secure),

    close: async () => {
      await client.close();
      agent.destroy();
    },
  };
}

const quoteName = (name: string) => `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;

function insertQuery(table: string, options: InsertOptions): string {
  const target = table.split('.').map(quoteName).join('.');
  const columns = options.columns === undefined ? '' : ` (${options.columns.map(quoteName).join(', ')})`;
  const search = new URLSearchParams({ query: `INSERT INTO ${target}${columns} FORMAT Native` });
  for (const [name, value] of Object.entries({ ...INSERT_SETTINGS, ...HTTP_PARAMETERS }))
    search.set(name, String(value));
  search.set('insert_deduplication_token', options.token);
  return search.toString();
}

function post(
  target: URL,
  secure: boolean,
  options: { agent: http.Agent; headers: Record<string, string> },
  pieces: readonly Uint8Array[],
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const length = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
    const fail = (cause: unknown) => reject(asTablesError(cause, signal));
    const request = (secure ? https : http).request(target, {
      method: 'POST',
      agent: options.agent,
      headers: { ...options.headers, 'Content-Type': 'application/octet-stream', 'Content-Length': length },
      timeout: limits.tablesRequestMsMax,
      ...(signal === undefined ? {} : { signal }),
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${limits.tablesRequestMsMax} ms`)));
    request.on('error', fail);
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', fail);
      response.on('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(parseError(Buffer.concat(parts).toString('utf8'), response.headers, response.statusCode ?? 0));
      });
    });
    for (const piece of pieces) request.write(piece);
    request.end();
  });
}

// On a connection of its own: busy inserts must not make a living server look dead.
function ping(target: URL, secure: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const request = (secure ? https : http).get(target, { agent: false, timeout: limits.tablesPingMsMax });
    request.on('timeout', () => request.destroy());
    request.on('close', () => resolve(false));
    request.on('error', () => resolve(false));
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
  });
}

function parseError(body: string, headers: http.IncomingHttpHeaders, status: number): TablesError {
  const code = Number(headers['x-clickhouse-exception-code'] ?? /^Code: (\d+)\./.exec(body)?.[1] ?? 0);
  const detail = body.trim() === '' ? `HTTP status ${status}` : body.trim();
  return new TablesError(code, detail, code === 0 ? status >= 500 : isRetriableCode(code));
}

/** What is no answer of the server (refused, reset, timed out) is worth a retry; an abort stays the abort it was. */
function asTablesError(cause: unknown, signal: AbortSignal | undefined): unknown {
  if (cause instanceof TablesError) return cause;
  if (signal?.aborted === true) return signal.reason;
  if (cause instanceof ClickHouseError) {
    const code = Number(cause.code);
    return new TablesError(code, cause.message, isRetriableCode(code), { cause });
  }
  return new TablesError(0, cause instanceof Error ? cause.message : String(cause), true, { cause });
}
