/** `bench -- projector`: what the projector costs by itself: chunks on a log → blocks, and → the embedded engine, in CPU seconds per million points. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { connect } from '../clickhouse/client.js';
import { startEmbedded } from '../clickhouse/embedded.js';
import { migrate } from '../clickhouse/migrate.js';
import { encodeChunk } from '../events/chunk.js';
import { encodeControlEvent, type ControlEvent } from '../events/control-event.js';
import { encodeEnvelope } from '../events/envelope.js';
import type { EventLog } from '../events/event-log.js';
import { createMemoryLog } from '../events/event-log.memory.js';
import { covers, type Position } from '../events/position.js';
import { createProjectionTables, type ProjectionTables } from '../projector/projection-tables.js';
import { createProjector } from '../projector/projector.js';
import { systemClock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { silentLogger } from '../runtime/logger.js';
import { createMemoryStore } from '../state/memory-store.js';
import { isClickHouse, processTree } from './processes.js';

const RUNS = 40;
const WRITERS = 4;
const KEYS = 50;
const FRAME_POINTS = [1000, 3000, 5000];
const CONTROL = { topic: 'control', partition: 0 } as const;
const METRICS = { topic: 'metrics', partition: 0 } as const;

const uuidOf = (run: number) => `5eed0000-0000-4000-8000-${run.toString(16).padStart(12, '0')}`;

/** The ingest load as it stands on the log: half float32 noise, half decimals of 4 digits, jittered times, writers of a run in the same steps. */
async function filledLog(points: number): Promise<EventLog> {
  const log = createMemoryLog({ epoch: 'bench', metricsPartitions: 1 });
  const series = Array.from({ length: KEYS }, (_, i) => ({ key: `train/metric_${String(i)}`, context: '' }));
  for (let run = 0; run < RUNS; run++) {
    const event: ControlEvent = {
      v: 1,
      type: 'RunStarted',
      commandId: `start-${String(run)}`,
      workspace: 'default',
      at: systemClock.now(),
      run: `run-${String(run)}`,
      uuid: uuidOf(run),
      experiment: 'bench',
      experimentId: uuidOf(0xffff),
    };
    await log.append(CONTROL, [encodeControlEvent(event)]);
  }
  const steps = new Map<string, number>();
  for (let sent = 0, frame = 0; sent < points; frame++) {
    const run = frame % RUNS;
    const writer = `w${String(Math.floor(frame / RUNS) % WRITERS)}`;
    const seq = Math.floor(frame / (RUNS * WRITERS));
    const rows = FRAME_POINTS[seq % FRAME_POINTS.length] ?? 1000;
    const perKey = rows / KEYS;
    const first = steps.get(`${String(run)}/${writer}`) ?? 0;
    steps.set(`${String(run)}/${writer}`, first + perKey);
    const each = Array.from({ length: rows }, (_, i) => i);
    const chunk = encodeChunk({
      kind: 'points',
      writer,
      seq,
      generation: 0,
      series,
      seriesIndex: each.map((i) => Math.floor(i / perKey)),
      step: each.map((i) => first + (i % perKey)),
      time: each.map((i) => 1_700_000_000_000 + 7 * (first + (i % perKey)) + ((i * 2_654_435_761) >>> 30)),
      value: each.map(() =>
        seq % 2 === 0 ? Math.fround(2 * Math.random() - 1) : Math.round(1e4 * Math.random()) / 1e4,
      ),
    });
    const envelope = { workspace: 'default', run: uuidOf(run), receivedAt: systemClock.now(), generation: 0 };
    await log.append(METRICS, [encodeEnvelope(envelope, chunk)]);
    sent += rows;
  }
  return log;
}

/** Runs a projector until all of the log is in the tables. */
async function project(log: EventLog, tables: ProjectionTables): Promise<{ seconds: number; cpuSeconds: number }> {
  const wanted: Position = { epoch: 'bench', control: log.head(CONTROL) - 1, metrics: [log.head(METRICS) - 1] };
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await new Promise<void>((resolve, reject) => {
    const projector = createProjector({
      log,
      store: createMemoryStore('bench'),
      tables,
      clock: systemClock,
      logger: silentLogger,
      publish(position) {
        if (covers(position, wanted)) projector.stop().then(resolve, reject);
      },
    });
    void projector.start();
    void projector.ended.then((cause) => {
      if (cause !== undefined) reject(cause instanceof Error ? cause : new Error(String(cause)));
    });
  });
  const used = process.cpuUsage(cpu);
  return { seconds: (performance.now() - begun) / 1000, cpuSeconds: (used.user + used.system) / 1e6 };
}

/** Takes every block and forgets it. */
const nowhere: ProjectionTables = {
  insert: () => Promise.resolve(),
  flushTokens: () => Promise.resolve(),
  lastDone: () => Promise.resolve(undefined),
  recordedFrom: () => Promise.resolve([]),
  async *batches() {
    // there are none
  },
  lastSeen: () => Promise.resolve(new Map()),
  deadLetters: () => Promise.resolve(0),
};

export async function benchProjector(args: readonly string[]): Promise<void> {
  const given = /^--points=(\d+)$/.exec(args.find((arg) => arg.startsWith('--points=')) ?? '')?.[1];
  const points = Number(given ?? 10_000_000);
  const millions = points / 1e6;
  const log = await filledLog(points);
  const report = (name: string, seconds: number, cpu: string) =>
    console.log(`${name.padEnd(26)}${(millions / seconds).toFixed(2)} M points/s, CPU seconds per M points ${cpu}`);

  await project(log, nowhere);
  const blocks = await project(log, nowhere);
  report('chunks → blocks', blocks.seconds, `Node ${(blocks.cpuSeconds / millions).toFixed(3)} (goal ≤ 0.25)`);

  const dir = mkdtempSync(path.join(os.tmpdir(), 'runlog-projector-'));
  const options = { dir, memoryBytesMax: limits.embeddedMemoryBytesMax, clock: systemClock, logger: silentLogger };
  const started = await startEmbedded(options);
  if (!started.ok) throw new Error(started.error.detail);
  const server = started.value;
  const tables = connect({ url: server.url, credentials: server.writer, clock: systemClock });
  const engineCpu = () =>
    processTree(process.pid)
      .filter(isClickHouse)
      .reduce((sum, use) => sum + use.cpuSeconds, 0);
  try {
    await migrate(tables, 'runlog', { fsync: true });
    const before = engineCpu();
    const inserted = await project(log, createProjectionTables(tables, 'runlog'));
    const atOnce = engineCpu() - before;
    await settled(tables);
    const withMerges = engineCpu() - before;
    const parts = [
      `Node ${(inserted.cpuSeconds / millions).toFixed(3)}`,
      `ClickHouse ${(atOnce / millions).toFixed(3)}`,
      `with the merges that follow ${(withMerges / millions).toFixed(3)}`,
    ];
    report('chunks → embedded engine', inserted.seconds, parts.join(', '));
    const [row] = await tables.query(
      `SELECT (SELECT count() FROM runlog.points) AS points, (SELECT sum(count) FROM runlog.series) AS summed,
              (SELECT sum(count) FROM runlog.rollups WHERE level = 1) AS rolled,
              (SELECT sum(bytes_on_disk) FROM system.parts WHERE database = 'runlog' AND active) AS bytes`,
    );
    const count = Number(row?.['points']);
    console.log(`tables                    ${(Number(row?.['bytes']) / count).toFixed(2)} B per point`);
    if (Number(row?.['summed']) !== count || Number(row?.['rolled']) !== count) process.exitCode = 1;
    console.log(
      `counts                    points ${String(count)}, series ${String(row?.['summed'])}, rollups ${String(row?.['rolled'])}`,
    );
  } finally {
    await tables.close();
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Waits until no merge runs. */
async function settled(tables: ReturnType<typeof connect>): Promise<void> {
  for (let quiet = 0; quiet < 10;) {
    const [row] = await tables.query('SELECT count() AS merges FROM system.merges');
    quiet = row?.['merges'] === 0 ? quiet + 1 : 0;
    await systemClock.sleep(100);
  }
}
