/** `bench -- log --log kafka`: appends and reads of the log on one broker on the same machine, and what an open log costs when idle. */
import { openKafkaLog } from '../events/event-log.kafka.js';
import type { EventLog } from '../events/event-log.js';
import { systemClock as clock } from '../runtime/clock.js';
import { TestBroker } from '../test/services/kafka.js';

const idleMs = 10_000;
const smallCount = 1000;

export interface LogLoad {
  readonly chunks: readonly Uint8Array[];
  readonly chunkCount: number;
  readonly timed: (work: () => Promise<void> | void) => Promise<number>;
  readonly appendChunks: (log: EventLog, chunks: readonly Uint8Array[], writers: number) => Promise<void>;
  readonly readAll: (log: EventLog) => Promise<number>;
  readonly small: Uint8Array;
}

const cpuSeconds = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
};

export async function benchKafkaLog(load: LogLoad): Promise<void> {
  const { chunks, chunkCount, timed, appendChunks, readAll, small } = load;
  const broker = await TestBroker.start();
  const open = async (prefix: string, metricsPartitions: number) => {
    const opened = await openKafkaLog({ brokers: [broker.address], prefix, metricsPartitions, clock });
    if (!opened.ok) throw new Error(opened.error);
    return opened.value;
  };
  const chunkBytes = chunks[0]?.length ?? 0;
  try {
    // the broker's first second is its compiler's
    const warm = await open('warm', 4);
    await appendChunks(warm, chunks, 40);
    await warm.close();
    for (const [partitions, writers] of [
      [1, 1],
      [1, 40],
      [4, 40],
      [4, 160],
    ] as const) {
      const log = await open(`b${String(partitions)}x${String(writers)}`, partitions);
      let before = process.cpuUsage();
      const ms = await timed(() => appendChunks(log, chunks, writers));
      const appendCpu = cpuSeconds(before);
      const total = (chunkBytes * chunkCount) / 1e6;
      let read = 0;
      before = process.cpuUsage();
      const readMs = await timed(async () => {
        read = await readAll(log);
      });
      const readCpu = cpuSeconds(before);
      console.log(
        `append, ${String(partitions)} partitions, ${String(writers)} writers, ${(chunkBytes / 1e3).toFixed(0)} kB each: ` +
          `${((total / ms) * 1e3).toFixed(0)} MB/s acknowledged, ${(total / appendCpu).toFixed(0)} MB per CPU-s; ` +
          `read ${(read / 1e3 / readMs).toFixed(0)} MB/s, ${(read / 1e6 / readCpu).toFixed(0)} MB per CPU-s`,
      );
      await log.close();
    }
    const log = await open('small', 1);
    const serialMs = await timed(async () => {
      for (let i = 0; i < smallCount; i++) await log.append({ topic: 'control', partition: 0 }, [small]);
    });
    const manyMs = await timed(async () => {
      await Promise.all(
        Array.from({ length: smallCount * 20 }, () => log.append({ topic: 'control', partition: 0 }, [small])),
      );
    });
    console.log(
      `300 B: one after another ${(serialMs / smallCount).toFixed(2)} ms each; ` +
        `20 000 at once: ${((smallCount * 20e3) / manyMs).toFixed(0)} acknowledged appends/s`,
    );
    const seen = await open('small', 1);
    const started = clock.monotonic();
    const woken = seen.waitPast({ topic: 'control', partition: 0 }, smallCount * 21, new AbortController().signal);
    await log.append({ topic: 'control', partition: 0 }, [small]);
    const acknowledged = clock.monotonic();
    await woken;
    console.log(
      `append ${(acknowledged - started).toFixed(1)} ms, seen by another log ${(clock.monotonic() - acknowledged).toFixed(1)} ms after`,
    );
    await seen.close();
    await clock.sleep(1_000);
    const before = process.cpuUsage();
    await clock.sleep(idleMs);
    console.log(
      `idle with an open log: ${((cpuSeconds(before) / (idleMs / 1e3)) * 100).toFixed(2)} % of a core (goal ≤ 1)`,
    );
    await log.close();
  } finally {
    await broker.dispose();
  }
}
