/** A process that only projects: its share of the log into the tables, with probes and metrics for whoever watches over it. */
import { mkdir } from 'node:fs/promises';
import { connect } from '../clickhouse/client.js';
import { createPositionBoard } from '../events/position-board.js';
import { limits } from '../runtime/limits.js';
import { systemClock as clock } from '../runtime/clock.js';
import { createLogger } from '../runtime/logger.js';
import { err, ok, type Result } from '../runtime/result.js';
import type { ServerConfig } from './config.js';
import { createDrain } from './drain.js';
import { createHttpServer, listen } from './http-server.js';
import { dataLayout } from './layout.js';
import { addressOf, freeBytesOf, lockData, portTaken } from './instance.js';
import { openClickHouse } from './open-clickhouse.js';
import { openLog } from './open-log.js';
import { createProbes } from './probes.js';
import { createReadiness } from './readiness.js';
import type { RunningServer } from './serve.js';
import { createServerMeters } from './server-metrics.js';
import { prepareSharedTables, startSharedProjector } from './shared-tables.js';

/** Resolves when it has joined the others. What can be expected to go wrong comes as a sentence. */
export async function startProjectorServer(
  config: ServerConfig,
  version: string,
): Promise<Result<RunningServer, string>> {
  const begun = clock.monotonic();
  const logger = createLogger(config.logLevel);
  const meters = createServerMeters(clock);
  const readiness = createReadiness(clock);
  await mkdir(config.data, { recursive: true });
  const undo: (() => Promise<unknown> | void)[] = [];
  const unwind = async () => {
    for (const step of undo.reverse()) await step();
  };
  try {
    const locked = await lockData(config.data, clock);
    if (!locked.ok) return await given(locked);
    undo.push(() => locked.value.release());
    const dir = dataLayout(config.data).clickhouse;
    const opened = await openClickHouse({ url: config.clickhouse, dir, clock, logger });
    if (!opened.ok) return await given(opened);
    const writer = connect({ url: opened.value.server.url, credentials: opened.value.server.writer, clock });
    undo.push(() => writer.close());
    // the thread has a log of its own: this one makes the topics, and tells whether the brokers answer
    const log = await openLog({ config, dir: dataLayout(config.data).log, clock, logger, onAppend: meters.appended });
    if (!log.ok) return await given(log);
    undo.push(() => log.value.log.close());
    const shared = {
      ...{ data: config.data, opened: opened.value, writer, deadLettersMax: config.deadLettersMax },
      ...{ logAt: log.value.logAt, board: createPositionBoard(log.value.log.epoch, clock), clock, logger },
    };
    const prepared = await prepareSharedTables(shared);
    if (!prepared.ok) return await given(prepared);
    const worker = await startSharedProjector(shared);
    undo.push(() => worker.stop());
    meters.watch({ projector: () => worker.health(), deadLettersMax: config.deadLettersMax });
    const probes = createProbes({
      version,
      metrics: meters.metrics,
      openapi: () => ({}),
      readiness: () =>
        readiness.ask({
          log: () => log.value.fault(),
          folding: () => ok(undefined),
          tables: () => writer.ping(),
          projector: () => worker.health(),
          freeBytes: () => freeBytesOf(config.data),
          data: config.data,
          clock,
        }),
    });
    const server = createHttpServer({ probes, pageDir: undefined, onProblem: meters.refused });
    const { drain } = createDrain(server, clock);
    const port = await listen(server, config.host, config.port);
    undo.push(async () => {
      readiness.stopping();
      await drain(limits.drainMs);
    });
    return ok({ url: addressOf(config.host, port), port, startedInMs: clock.monotonic() - begun, stop: unwind });
  } catch (error) {
    await unwind();
    const taken = portTaken(error, config.port);
    if (taken !== undefined) return err(taken);
    throw error;
  }

  async function given<T>(fault: T): Promise<T> {
    await unwind();
    return fault;
  }
}
