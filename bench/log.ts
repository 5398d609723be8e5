/** `bench -- log [--log kafka]`: durable appends and reads of the file log, as a ratio to bare write + fdatasync of the same bytes on the same disk. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { encodeChunk } from '../events/chunk.js';
import { encodeEnvelope } from '../events/envelope.js';
import type { EventLog } from '../events/event-log.js';
import { openFileLog } from '../events/event-log.file.js';
import { systemClock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { benchKafkaLog } from './log-kafka.js';

const rows = 2500;
const keys = 50;
const chunkCount = 4000;
const smallCount = 1000;
const small = Buffer.alloc(300, 'a control event of usual size ');
const run = '7f0c2a9e-1d3b-4c5d-8e6f-0a1b2c3d4e5f';
const control = { topic: 'control', partition: 0 } as const;

/** A chunk of the ingest load: half float32 noise, half 4-digit decimals, jittered times. */
function chunkOf(seq: number): Uint8Array {
  const index = Array.from({ length: rows }, (_, i) => i);
  const chunk = encodeChunk({
    kind: 'points',
    writer: 'bench',
    seq,
    generation: 0,
    series: Array.from({ length: keys }, (_, i) => ({ key: `train/metric-${String(i)}`, context: '' })),
    seriesIndex: index.map((i) => i % keys),
    step: index.map((i) => seq * 50 + Math.floor(i / keys)),
    time: index.map((i) => 1_767_225_600_000 + Math.floor(i / keys) * 37 + Math.floor(Math.random() * 7)),
    value: index.map((i) => (i % 2 === 0 ? Math.fround(Math.random()) : Math.round(Math.random() * 1e4) / 1e4)),
  });
  return encodeEnvelope({ workspace: 'bench', run, receivedAt: 1_767_225_600_000, generation: 0 }, chunk);
}

/** Milliseconds that `work` takes. */
async function timed(work: () => Promise<void> | void): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Bare write + fdatasync, one after another: what the disk can do. */
function bare(file: string, values: readonly Uint8Array[]): Promise<number> {
  const fd = fs.openSync(file, 'w');
  return timed(() => {
    for (const value of values) {
      fs.writeSync(fd, value);
      fs.fdatasyncSync(fd);
    }
  }).finally(() => {
    fs.closeSync(fd);
  });
}

async function appendChunks(log: EventLog, chunks: readonly Uint8Array[], writers: number): Promise<void> {
  let next = 0;
  const partitions = log.partitions('metrics');
  const writer = async (_: unknown, lane: number): Promise<void> => {
    while (next < chunkCount) {
      const chunk = chunks[next++ % chunks.length];
      if (chunk !== undefined) await log.append({ topic: 'metrics', partition: lane % partitions }, [chunk]);
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
}

async function readAll(log: EventLog): Promise<number> {
  let bytes = 0;
  for (let partition = 0; partition < log.partitions('metrics'); partition++) {
    const at = { topic: 'metrics', partition } as const;
    for (let offset = 0; offset < log.head(at);) {
      const records = await log.read(at, offset, limits.logReadBytesMax);
      for (const { value } of records) bytes += value.length;
      offset += records.length;
    }
  }
  return bytes;
}

export async function benchLog(args: readonly string[]): Promise<void> {
  const chunks = Array.from({ length: 64 }, (_, seq) => chunkOf(seq));
  if (args.join('=') === '--log=kafka')
    return benchKafkaLog({ chunks, chunkCount, timed, appendChunks, readAll, small });
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'runlog-bench-log-'));
  const chunkBytes = chunks[0]?.length ?? 0;
  const rate = (ms: number) => (chunkBytes * chunkCount) / 1e3 / ms;
  try {
    const bareMs = await bare(path.join(dir, 'chunks'), chunks);
    const bareRate = (chunkBytes * chunks.length) / 1e3 / bareMs;
    console.log(`bare write + fdatasync, ${(chunkBytes / 1e3).toFixed(0)} kB each: ${bareRate.toFixed(0)} MB/s`);
    for (const [partitions, writers] of [
      [1, 1],
      [1, 40],
      [1, 160],
      [4, 160],
    ] as const) {
      const folder = path.join(dir, `log-${String(partitions)}-${String(writers)}`);
      let flushes = 0;
      const onDurable = () => {
        flushes++;
      };
      const log = await openFileLog(folder, { metricsPartitions: partitions, clock: systemClock, onDurable });
      const before = process.cpuUsage();
      const ms = await timed(() => appendChunks(log, chunks, writers));
      const cpu = process.cpuUsage(before);
      const points = (chunkCount * rows) / 1e6;
      let read = 0;
      const readMs = await timed(async () => {
        read = await readAll(log);
      });
      console.log(
        `append, ${String(partitions)} partitions, ${String(writers)} writers: ${rate(ms).toFixed(0)} MB/s durable ` +
          `(${(rate(ms) / bareRate).toFixed(2)} × bare), ${((points / ms) * 1e3).toFixed(1)} M points/s, ` +
          `${(flushes / (ms / 1e3)).toFixed(0)} flushes/s, ${((cpu.user + cpu.system) / 1e6 / points).toFixed(3)} CPU-s per M points, ` +
          `${(diskBytes(folder) / chunkCount / rows).toFixed(1)} B/point; read ${(read / 1e3 / readMs).toFixed(0)} MB/s`,
      );
      await log.close();
      fs.rmSync(folder, { recursive: true });
    }
    await benchSmall(dir);
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

/** Small control events: one after another (latency), and many at once (shared flushes). */
async function benchSmall(dir: string): Promise<void> {
  const bareMs = await bare(
    path.join(dir, 'small'),
    Array.from({ length: smallCount }, () => small),
  );
  const log = await openFileLog(path.join(dir, 'small-log'), { metricsPartitions: 1, clock: systemClock });
  const serialMs = await timed(async () => {
    for (let i = 0; i < smallCount; i++) await log.append(control, [small]);
  });
  const manyMs = await timed(async () => {
    await Promise.all(Array.from({ length: smallCount * 20 }, () => log.append(control, [small])));
  });
  const perSecond = (count: number, ms: number) => ((count / ms) * 1e3).toFixed(0);
  console.log(
    `300 B, one after another: ${perSecond(smallCount, serialMs)} durable batches/s ` +
      `(${(bareMs / serialMs).toFixed(2)} × bare, ${perSecond(smallCount, bareMs)}/s)`,
  );
  console.log(`300 B, 20 000 at once: ${perSecond(smallCount * 20, manyMs)} durable appends/s`);
  await log.close();
}

const diskBytes = (folder: string): number =>
  fs
    .readdirSync(folder, { recursive: true })
    .map((name) => fs.statSync(path.join(folder, name.toString())))
    .reduce((sum, entry) => sum + (entry.isFile() ? entry.size : 0), 0);
