/** The composition root: builds the adapters of one embedded server, joins the parts and takes them down in order. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { connect } from '../clickhouse/client.js';
import { TABLES_DATABASE } from '../clickhouse/generations.js';
import { openFileLog } from '../events/event-log.file.js';
import { createPositionBoard } from '../events/position-board.js';
import { emptyPosition } from '../events/position.js';
import { createAuthenticator } from '../ingest/auth.js';
import { createEdge } from '../ingest/edge.js';
import { createPointsHandler } from '../ingest/points.js';
import { createIngestRouter } from '../ingest/router.js';
import { createQueryRouter } from '../query/router.js';
import { systemClock } from '../runtime/clock.js';
import { packageRoot } from '../runtime/entry.js';
import { limits } from '../runtime/limits.js';
import { createLogger } from '../runtime/logger.js';
import { createMetrics } from '../runtime/metrics.js';
import { err, ok, type Result } from '../runtime/result.js';
import { openLmdbStore } from '../state/lmdb-store.js';
import { createReplica } from '../state/replica.js';
import { createAdminRouter } from './admin.js';
import { createBackup } from './backup.js';
import type { ServerConfig } from './config.js';
import { createHttpServer, listen } from './http-server.js';
import { dataLayout } from './layout.js';
import { openapiDocument } from './openapi.js';
import { openClickHouse } from './open-clickhouse.js';
import { createProbes } from './probes.js';
import { knownKeysOf } from './known-keys.js';
import { removeServerFile, writeServerFile } from './server-file.js';
import { openTables } from './tables.js';

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  readonly startedInMs: number;
  stop(): Promise<void>;
}

export const version = (JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as { version: string })
  .version;

/** The embedded ClickHouse without the rest: `address` is what `--clickhouse` takes. */
export async function serveClickHouse(
  data: string,
  port: number,
): Promise<Result<{ readonly address: string; stop(): Promise<void> }, string>> {
  const logger = createLogger('warn');
  const dir = path.resolve(data);
  const opened = await openClickHouse({ url: undefined, dir, port, clock: systemClock, logger });
  if (!opened.ok) return opened;
  const { writer, url } = opened.value.server;
  const address = new URL(url);
  address.username = writer.user;
  address.password = writer.password;
  return ok({ address: address.href, stop: () => opened.value.stop() });
}

/** Starts everything on one folder; resolves when the first request can be answered. What can be expected to go wrong comes as a sentence. */
export async function startServer(config: ServerConfig): Promise<Result<RunningServer, string>> {
  const clock = systemClock;
  const begun = clock.monotonic();
  const logger = createLogger(config.logLevel);
  const metrics = createMetrics();
  const layout = dataLayout(config.data);
  await mkdir(config.data, { recursive: true });

  const opened = await openClickHouse({ url: config.clickhouse, dir: layout.clickhouse, clock, logger });
  if (!opened.ok) return opened;
  const { server: clickhouse } = opened.value;
  const undo: (() => Promise<unknown> | void)[] = [() => opened.value.stop()];
  const unwind = async () => {
    for (const step of undo.reverse()) await step();
  };

  try {
    const writer = connect({ url: clickhouse.url, credentials: clickhouse.writer, clock });
    const connected = connect({ url: clickhouse.url, credentials: clickhouse.querier, clock });
    undo.push(
      () => connected.close(),
      () => writer.close(),
    );
    const log = await openFileLog(layout.log, { metricsPartitions: 1, clock });
    undo.push(() => log.close());
    const store = await openLmdbStore(layout.state, log.epoch);
    undo.push(() => store.close());
    const replica = createReplica({ log, store, clock, logger });
    await replica.start();
    undo.push(() => replica.stop());

    const board = createPositionBoard(log.epoch, clock);
    const tables = await openTables({
      data: config.data,
      writer,
      reader: connected,
      opened: opened.value,
      fsync: true,
      log,
      replica,
      board,
      clock,
      logger,
    });
    if (!tables.ok) {
      await unwind();
      return tables;
    }
    undo.push(() => tables.value.stop());
    const { reader, host, rebuild } = tables.value;
    const backup = createBackup({
      data: config.data,
      version,
      clickhouseBackups: opened.value.backups,
      writer,
      log,
      store,
      host,
      clock,
      logger,
    });
    undo.push(() => backup.stop());

    const authenticate = createAuthenticator({
      replica,
      clock,
      requireKeys: config.requireKeys,
      allowedHosts: config.allowedHosts,
    });
    const edge = createEdge({ replica, log, board, clock, logger, authenticate, knownKeys: knownKeysOf(reader) });
    const barrier = async () => {
      const wanted = { ...emptyPosition(log.epoch), control: replica.folded() };
      await board.waitFor(wanted, limits.barrierWaitMs);
    };

    const pageDir = path.join(packageRoot, 'dist', 'ui');
    const probes = createProbes({
      version,
      metrics,
      openapi: () => openapiDocument(version),
      readiness: async () => {
        const folding = replica.healthy();
        const answering = await reader.ping();
        const projecting = host.health();
        return {
          ready: folding.ok && answering && projecting.stoppedBecause === undefined,
          parts: {
            log: 'ok',
            state: folding.ok ? 'ok' : folding.error,
            tables: answering ? 'ok' : 'ClickHouse does not answer',
            projector: projecting.stoppedBecause ?? 'ok',
          },
        };
      },
    });
    const server = createHttpServer({
      points: createPointsHandler(edge),
      ingest: createIngestRouter(edge),
      query: createQueryRouter({
        tables: reader,
        database: TABLES_DATABASE,
        board,
        clock,
        logger,
        authenticate,
        barrier,
      }),
      admin: createAdminRouter({ authenticate, rebuild, backup, clock, logger }),
      probes,
      pageDir: existsSync(path.join(pageDir, 'index.html')) ? pageDir : undefined,
    });
    undo.push(
      () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    );
    const port = await listen(server, config.host, config.port);
    const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${String(port)}`;
    await writeServerFile(layout.serverFile, { url, pid: process.pid });
    undo.push(() => removeServerFile(layout.serverFile));
    return ok({ url, port, startedInMs: clock.monotonic() - begun, stop: unwind });
  } catch (error) {
    await unwind();
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      return err(`port ${String(config.port)} is taken: choose another with --port, or 0 for any free one`);
    }
    throw error;
  }
}
