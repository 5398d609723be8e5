/** The projector in its thread, over a log of files and real ClickHouse: it follows, stops, goes on, and comes back when it dies. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventLog } from '../events/event-log.js';
import { openFileLog } from '../events/event-log.file.js';
import { createPositionBoard, type PositionBoard } from '../events/position-board.js';
import type { Position } from '../events/position.js';
import { systemClock as clock } from '../runtime/clock.js';
import { silentLogger, type Logger } from '../runtime/logger.js';
import { sharedClickHouse, type TestClickHouse } from '../test/clickhouse.js';
import { seeded } from '../test/simulation/random.js';
import { appendWorkload, type Workload, type WorkloadSize } from '../test/simulation/workload.js';
import { startProjectorWorker, type ProjectorWorker } from './worker-host.js';

const SIZE: WorkloadSize = { runs: 4, writersPerRun: 2, batches: 80, rubbish: false };

let dir: string;
let ch: TestClickHouse;
let log: EventLog;
let board: PositionBoard;
let worker: ProjectorWorker | undefined;

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'runlog-projector-'));
  ch = await sharedClickHouse();
  log = await openFileLog(path.join(dir, 'log'), { metricsPartitions: 2, clock });
  board = createPositionBoard(log.epoch, clock);
});

afterEach(async () => {
  await worker?.stop();
  worker = undefined;
  await log.close();
  await ch.drop();
  await rm(dir, { recursive: true, force: true });
});

const start = async (logger: Logger = silentLogger) => {
  worker = await startProjectorWorker({
    logAt: { kind: 'files', dir: path.join(dir, 'log') },
    stateDir: path.join(dir, 'state'),
    clickhouse: { url: ch.url, credentials: ch.server.writer },
    database: ch.database,
    log,
    board,
    clock,
    logger,
  });
  return worker;
};

const heads = (): Position => ({
  epoch: log.epoch,
  control: log.head({ topic: 'control', partition: 0 }) - 1,
  metrics: [0, 1].map((partition) => log.head({ topic: 'metrics', partition }) - 1),
});

async function expectAll(workload: Workload): Promise<void> {
  expect(await board.waitFor(heads(), 60_000)).toBe(true);
  const [rows] = await ch.writer.query(
    `SELECT (SELECT count() FROM ${ch.database}.points) AS points, (SELECT sum(count) FROM ${ch.database}.series) AS summed,
            (SELECT count() FROM ${ch.database}.chunks) AS batches, (SELECT count() FROM ${ch.database}.events) AS events`,
  );
  const points = workload.points.length;
  const [batches, events] = [workload.batches.length, workload.controlEvents];
  expect(rows).toEqual({ points, summed: points, batches, events });
}

describe('the thread of the projector', () => {
  it('follows the log while it grows, and goes on where it was after a stop', async () => {
    const first = await start();
    const workload = await appendWorkload(log, seeded(5), SIZE);
    await expectAll(workload);
    await first.stop();
    // the same clients again: every batch is a repeat, every command has its verdict
    const more = await appendWorkload(log, seeded(5), SIZE);
    const again = await start();
    await expectAll({ ...workload, controlEvents: 2 * more.controlEvents });
    expect(again.health()).toMatchObject({ deadLetters: 0 });
    expect(again.health().stoppedBecause).toBeUndefined();
  });

  it('says why it died, is started again, and then loses and doubles nothing', async () => {
    const errors: string[] = [];
    const logger: Logger = { ...silentLogger, error: (fields) => errors.push(JSON.stringify(fields)) };
    const workload = await appendWorkload(log, seeded(6), SIZE);
    await ch.writer.command(`RENAME TABLE ${ch.database}.points TO ${ch.database}.hidden`);
    const projector = await start(logger);
    await expect.poll(() => projector.health().stoppedBecause, { timeout: 60_000 }).toContain('points');
    await ch.writer.command(`RENAME TABLE ${ch.database}.hidden TO ${ch.database}.points`);
    await expectAll(workload);
    expect(errors.some((line) => line.includes('points'))).toBe(true);
    await expect.poll(() => projector.health().stoppedBecause, { timeout: 60_000 }).toBeUndefined();
  });
});
