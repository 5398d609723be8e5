/** ClickHouse for integration tests: one embedded server per test file, a fresh migrated pair of databases per call. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { connect, type Tables } from '../clickhouse/client.js';
import { startEmbedded, type EmbeddedServer } from '../clickhouse/embedded.js';
import { migrate } from '../clickhouse/migrate.js';
import { systemClock } from '../runtime/clock.js';
import { silentLogger } from '../runtime/logger.js';

const GiB = 1024 ** 3;

export interface TestClickHouse {
  /** The folder of the server. */
  readonly dir: string;
  readonly url: string;
  readonly server: EmbeddedServer;
  readonly writer: Tables;
  readonly reader: Tables;
  readonly querier: Tables;
  /** The tables; `api` is the database of the readers' views over them. */
  readonly database: string;
  readonly api: string;
  drop(): Promise<void>;
}

type Shared = Pick<TestClickHouse, 'dir' | 'server' | 'writer' | 'reader' | 'querier'>;

/** As many as a test file may ask for: what users may read is named at the start of a server. */
const databases = Array.from({ length: 50 }, (_, i) => `test_${String(i)}`);
let used = 0;

let shared: Promise<Shared> | undefined;

async function start(): Promise<Shared> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'runlog-clickhouse-'));
  const started = await startEmbedded({
    dir,
    memoryBytesMax: 4 * GiB,
    databases,
    clock: systemClock,
    logger: silentLogger,
  });
  if (!started.ok) throw new Error(started.error.detail);
  const server = started.value;
  const open = (credentials: EmbeddedServer['writer']) => connect({ url: server.url, credentials, clock: systemClock });
  return { dir, server, writer: open(server.writer), reader: open(server.reader), querier: open(server.querier) };
}

export async function sharedClickHouse(options: { readonly fsync?: boolean } = {}): Promise<TestClickHouse> {
  const { dir, server, writer, reader, querier } = await (shared ??= start());
  const database = databases[used++];
  if (database === undefined) throw new Error('a test file asks for more databases than test/clickhouse.ts has named');
  const api = `api_${database}`;
  await migrate(writer, database, { api, fsync: options.fsync ?? false });
  const drop = async () => {
    await writer.command(`DROP DATABASE IF EXISTS ${api} SYNC`);
    await writer.command(`DROP DATABASE IF EXISTS ${database} SYNC`);
  };
  return { dir, url: server.url, server, writer, reader, querier, database, api, drop };
}

afterAll(async () => {
  if (shared === undefined) return;
  const { dir, server, writer, reader, querier } = await shared;
  shared = undefined;
  await Promise.all([writer.close(), reader.close(), querier.close()]);
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});
