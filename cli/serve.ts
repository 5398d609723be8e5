/** The composition root: builds the adapters of a server with an API, embedded or one of several, joins the parts and takes them down in order. */
import { CONTROL } from '../events/event-log.js';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { connect } from '../clickhouse/client.js';
import { databaseOf, TABLES_DATABASE, viewsOf } from '../clickhouse/generations.js';
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
import { err, ok, type Result } from '../runtime/result.js';
import { openLmdbStore } from '../state/lmdb-store.js';
import { createReplica } from '../state/replica.js';
import { createAdminRouter } from './admin.js';
import type { ServerConfig } from './config.js';
import { createHttpServer, listen } from './http-server.js';
import { dataLayout } from './layout.js';
import { openapiDocument } from './openapi.js';
import { deadLettersOf } from './dead-letter-lookup.js';
import { doctorRoute } from './doctor-route.js';
import { createDrain } from './drain.js';
import { knownKeysOf } from './known-keys.js';
import { addressOf, freeBytesOf, lockData, portTaken } from './instance.js';
import { openClickHouse } from './open-clickhouse.js';
import { openLog } from './open-log.js';
import { createProbes } from './probes.js';
import { createReadiness } from './readiness.js';
import { createRefusalLog } from './refusal-log.js';
import { serverFindings } from './server-checks.js';
import { removeServerFile, writeServerFile } from './server-file.js';
import { createServerMeters } from './server-metrics.js';
import { openSharedTables } from './shared-tables.js';
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

/** Starts what the configuration asks for; resolves when the first request can be answered. What can be expected to go wrong comes as a sentence. */
export async function startServer(config: ServerConfig): Promise<Result<RunningServer, string>> {
  const clock = systemClock;
  const begun = clock.monotonic();
  const logger = createLogger(config.logLevel);
  const meters = createServerMeters(clock);
  const readiness = createReadiness(clock);
  const layout = dataLayout(config.data);
  await mkdir(config.data, { recursive: true });

  const opened = await openClickHouse({
    ...{ url: config.clickhouse, dir: layout.clickhouse, clock, logger },
    onRestart: () => meters.clickhouseRestarted(),
  });
  if (!opened.ok) return opened;
  const { server: clickhouse } = opened.value;
  const undo: (() => Promise<unknown> | void)[] = [() => opened.value.stop()];
  const unwind = async () => {
    for (const step of undo.reverse()) await step();
  };

  try {
    const writer = connect({ url: clickhouse.url, credentials: clickhouse.writer, clock });
    const connected = connect({ url: clickhouse.url, credentials: clickhouse.querier, clock });
    const views = connect({ url: clickhouse.url, credentials: clickhouse.reader, clock });
    undo.push(
      () => views.close(),
      () => connected.close(),
      () => writer.close(),
    );
    if (config.kafka !== undefined) {
      const locked = await lockData(config.data, clock);
      if (!locked.ok) {
        await unwind();
        return locked;
      }
      undo.push(() => locked.value.release());
    }
    const openedLog = await openLog({
      ...{ config, dir: layout.log, clock, logger },
      onAppend(seen) {
        meters.appended(seen);
        readiness.appended(seen);
      },
    });
    if (!openedLog.ok) {
      await unwind();
      return openedLog;
    }
    const { log, logAt, cuts } = openedLog.value;
    undo.push(() => log.close());
    const store = await openLmdbStore(layout.state, log.epoch);
    undo.push(() => store.close());
    const replica = createReplica({ log, store, clock, logger });
    await replica.start();
    undo.push(() => replica.stop());

    const board = createPositionBoard(log.epoch, clock);
    const options = {
      ...{ data: config.data, opened: opened.value, writer, deadLettersMax: config.deadLettersMax },
      ...{ log, logAt, board, clock, logger },
    };
    const tables = await (config.kafka === undefined
      ? openTables({ ...options, reader: connected, fsync: true, replica, store, version })
      : openSharedTables({ ...options, reader: connected, projects: config.projects }));
    if (!tables.ok) {
      await unwind();
      return tables;
    }
    undo.push(() => tables.value.stop());
    const { reader, generation, health, rebuild, backup } = tables.value;

    const authenticate = createAuthenticator({
      replica,
      clock,
      requireKeys: config.requireKeys,
      allowedHosts: config.allowedHosts,
    });
    const edge = createEdge({
      ...{ replica, log, board, clock, logger, authenticate },
      knownKeys: knownKeysOf(reader),
      deadLetters: deadLettersOf(reader),
      onPoints: (points) => meters.points(points),
    });
    meters.watch({
      projector: () => health(),
      deadLettersMax: config.deadLettersMax,
      backlog: { bytes: () => edge.backlog.bytes(), bytesMax: limits.backlogBytesMax },
      inFlight: { bytes: () => edge.inFlight.bytes(), bytesMax: limits.inFlightBytesMax },
    });
    const barrier = async () => {
      const wanted = { ...emptyPosition(log.epoch), control: (await log.freshHead(CONTROL)) - 1 };
      await board.waitFor(wanted, limits.barrierWaitMs);
    };

    const pageDir = path.join(packageRoot, 'dist', 'ui');
    const probes = createProbes({
      version,
      metrics: meters.metrics,
      openapi: () => openapiDocument(version),
      readiness: () =>
        readiness.ask({
          folding: () => replica.healthy(),
          log: () => openedLog.value.fault(),
          tables: () => reader.ping(),
          projector: () => health(),
          freeBytes: () => freeBytesOf(config.data),
          data: config.data,
          clock,
        }),
    });
    const doctor = doctorRoute(authenticate, async () => ({
      now: clock.now(),
      findings: await serverFindings({
        ...{ writer, reader: views, database: databaseOf(generation()), api: viewsOf(generation()) },
        ...{ definer: clickhouse.writer.user, clock, log, cuts, replica },
        projector: () => health(),
        deadLettersMax: config.deadLettersMax,
      }),
    }));
    const logRefusal = createRefusalLog(logger, clock);
    const server = createHttpServer({
      api: {
        points: createPointsHandler(edge),
        ingest: createIngestRouter(edge),
        query: createQueryRouter({
          ...{ tables: reader, database: TABLES_DATABASE, board, clock, logger, authenticate, barrier },
          onSlow: () => meters.slowQuery(),
          retries: (letter) => replica.state.retry(letter),
        }),
        admin: createAdminRouter({ authenticate, rebuild, backup, clock, logger }),
      },
      probes: probes.use(doctor),
      onProblem: (problem, request, requestId) => {
        meters.refused(problem);
        logRefusal(problem, request, requestId);
      },
      pageDir: existsSync(path.join(pageDir, 'index.html')) ? pageDir : undefined,
    });
    const { drain } = createDrain(server, clock);
    const port = await listen(server, config.host, config.port);
    undo.push(async () => {
      const begun = clock.monotonic();
      readiness.stopping();
      const all = await drain(limits.drainMs);
      const fields = { ms: Math.round(clock.monotonic() - begun) };
      if (all) logger.info(fields, 'every request was answered');
      else logger.warn(fields, 'some requests were cut off: they took too long');
    });
    const url = addressOf(config.host, port);
    await writeServerFile(layout.serverFile, { url, pid: process.pid });
    undo.push(() => removeServerFile(layout.serverFile));
    const startedInMs = clock.monotonic() - begun;
    logger.info(
      { version, url, data: config.data, epoch: log.epoch, ms: Math.round(startedInMs) },
      'the server is ready',
    );
    const stop = async () => {
      logger.info({ url }, 'the server is stopping');
      await unwind();
      logger.info({ url }, 'the server has stopped');
    };
    return ok({ url, port, startedInMs, stop });
  } catch (error) {
    await unwind();
    const taken = portTaken(error, config.port);
    if (taken !== undefined) return err(taken);
    throw error;
  }
}
