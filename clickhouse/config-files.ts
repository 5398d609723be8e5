/** The files of the embedded server: its configuration, its users with a password made at first start, and where all of that lies. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { limits } from '../runtime/limits.js';
import { workspaceTables } from './migrate.js';
import { READER_BOUNDS, READER_CHOICES } from './settings.js';
import { readUsers } from './users.js';

/** What `embedded.ts` tells the child, as JSON in its first argument. */
export interface ChildSpec {
  readonly dir: string;
  readonly port: number;
  readonly memoryBytesMax: number;
  readonly cores: number;
  /** Of tables; what queries may read. Users are made at the start only, so all are named then. */
  readonly databases: readonly string[];
}

/** What the child tells `embedded.ts`: one JSON line on stdout each. */
export type ChildMessage =
  | { readonly state: 'locked' }
  | { readonly state: 'refused'; readonly reason: 'in-use' | 'cannot-run'; readonly detail: string };

export const layout = (dir: string) => ({
  lock: path.join(dir, 'lock'),
  password: path.join(dir, 'password'),
  config: path.join(dir, 'config.xml'),
  users: path.join(dir, 'users.xml'),
  data: path.join(dir, 'data'),
  /** A folder for each database. */
  metadata: path.join(dir, 'data', 'metadata'),
  backups: path.join(dir, 'backups'),
  log: path.join(dir, 'engine.log'),
  tokens: { store: path.join(dir, 'data', 'store'), marker: path.join(dir, 'tokens-are-flushed') },
});

export function prepareFolder(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  for (const folder of [layout(dir).data, layout(dir).backups]) mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/** Only the holder of the lock calls this; the password stays the same over restarts. */
export function writeFiles(spec: ChildSpec): void {
  const files = layout(spec.dir);
  if (!existsSync(files.password)) replaceFile(files.password, randomBytes(24).toString('base64url'));
  replaceFile(files.users, usersConfig(writerPassword(spec.dir), spec.databases));
  replaceFile(files.config, serverConfig(spec));
}

export const writerPassword = (dir: string): string => readFileSync(layout(dir).password, 'utf8');

function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

type Xml = { readonly [element: string]: string | number | readonly string[] | Xml };

function xml(tree: Xml): string {
  return Object.entries(tree)
    .map(([name, content]) => {
      if (Array.isArray(content)) return (content as readonly string[]).map((item) => xml({ [name]: item })).join('');
      const inner = typeof content === 'object' ? xml(content as Xml) : escapeXml(String(content));
      return `<${name}>${inner}</${name}>`;
    })
    .join('');
}

const escapeXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Pools follow the cores; caches are small because idle memory counts and the page cache of the system serves the rest. */
export function serverConfig(spec: ChildSpec): string {
  const files = layout(spec.dir);
  const cache = limits.embeddedMarkCacheBytes;
  return xml({
    clickhouse: {
      http_port: spec.port,
      listen_host: '127.0.0.1',
      users_config: files.users,
      timezone: 'UTC',
      keep_alive_timeout: limits.embeddedKeepAliveS,
      max_connections: limits.embeddedConnectionsMax,
      max_server_memory_usage: spec.memoryBytesMax,
      mark_cache_size: cache,
      index_mark_cache_size: cache,
      primary_index_cache_size: cache,
      uncompressed_cache_size: 0,
      query_condition_cache_size: 0,
      compiled_expression_cache_size: cache,
      query_cache: { max_size_in_bytes: 0 },
      background_pool_size: Math.min(Math.max(spec.cores, 2), 16),
      background_schedule_pool_size: 2,
      max_thread_pool_free_size: 32,
      memory_worker_period_ms: 500,
      logger: { log: files.log, size: limits.embeddedLogBytesMax, count: 1, console: 0 },
      backups: { allowed_path: files.backups },
      // the pools are small: the bounds on free pool entries, made for pools of 32, would stop mutations and big merges
      merge_tree: {
        number_of_free_entries_in_pool_to_execute_mutation: 1,
        number_of_free_entries_in_pool_to_lower_max_size_of_merge: 2,
        number_of_free_entries_in_pool_to_execute_optimize_entire_partition: 1,
      },
      access_control_improvements: {
        select_from_system_db_requires_grant: 'true',
        select_from_information_schema_requires_grant: 'true',
        settings_constraints_replace_previous: 'true',
      },
      // this engine hides them by itself; said because a server that does not would show the reader its password
      get_client_http_header_forbidden_headers: 'Authorization,X-ClickHouse-User,X-ClickHouse-Key',
    },
  });
}

/**
 * `default` is the child's own session and may only open the port. The reader, for statements that people write, sees nothing but the
 * views in databases named api…. The querier, for our own, reads the tables of `databases` themselves (a view costs 2 ms to plan), and of
 * each only the rows of the workspace that the request names: a policy of the server, not a condition of the statement.
 */
export function usersConfig(password: string, databases: readonly string[]): string {
  const tables = workspaceTables();
  const { reader, querier } = readUsers(password);
  const user = (profile: string, login: Xml, grants: readonly string[]): Xml => ({
    ...login,
    networks: { ip: '127.0.0.1' },
    profile,
    quota: 'default',
    access_management: 0,
    grants: { query: grants },
  });
  const sha256 = (secret: string): Xml => ({
    password_sha256_hex: createHash('sha256').update(secret).digest('hex'),
  });
  return xml({
    clickhouse: {
      profiles: {
        default: {
          allow_get_client_http_header: 1,
          // bound parameters travel in the address; a list of a thousand ids is longer than the usual bounds
          http_max_uri_size: limits.tablesAddressBytesMax,
          http_max_field_value_size: limits.tablesAddressBytesMax,
        },
        reader: {
          allow_get_client_http_header: 1,
          readonly: 1,
          ...READER_BOUNDS,
          max_concurrent_queries_for_user: limits.queryConcurrentMax,
          constraints: {
            ...Object.fromEntries(READER_CHOICES.map((name) => [name, { changeable_in_readonly: '' }])),
            ...Object.fromEntries(
              Object.entries(READER_BOUNDS).map(([name, max]) => [name, { changeable_in_readonly: '', min: 1, max }]),
            ),
          },
        },
      },
      quotas: { default: {} },
      users: {
        default: user('default', { password: '' }, ['GRANT SYSTEM LISTEN ON *.*', 'GRANT SELECT ON system.numbers']),
        writer: user('default', sha256(password), ['GRANT ALL ON *.*']),
        [reader.user]: user('reader', sha256(reader.password), ['GRANT SELECT ON api*.*']),
        [querier.user]: {
          ...user(
            'reader',
            sha256(querier.password),
            databases.flatMap((database) => [...tables.keys()].map((table) => `GRANT SELECT ON ${database}.${table}`)),
          ),
          databases: Object.fromEntries(
            databases.map((database) => [
              database,
              Object.fromEntries([...tables].map(([table, filter]) => [table, { filter }])),
            ]),
          ),
        },
      },
    },
  });
}
