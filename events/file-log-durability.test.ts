/** No acknowledgement before its flush; flushes are shared inside a partition and independent between partitions. */
import { describe, expect, it } from 'vitest';
import { systemClock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { DiskFault, FakeDisk, type Operation } from '../test/fake-disk.js';
import { noise } from '../test/noise.js';
import type { PartitionRef } from './event-log.js';
import { openFileLog } from './event-log.file.js';

const control: PartitionRef = { topic: 'control', partition: 0 };
const metrics: PartitionRef = { topic: 'metrics', partition: 0 };
const bytes = (text: string) => new TextEncoder().encode(text);
const open = (
  ops: FakeDisk,
  segmentBytes = limits.logSegmentBytes,
  onDurable?: (at: PartitionRef, head: number) => void,
) =>
  openFileLog('/data/log', {
    metricsPartitions: 1,
    clock: systemClock,
    ops,
    segmentBytes,
    ...(onDurable === undefined ? {} : { onDurable }),
  });

/** Holds back operations of one kind until they are let go; `arrived` resolves when the next one is waiting. */
function gate(disk: FakeDisk, kind: Operation['kind'], within: string) {
  let release: () => void = () => undefined;
  let arrive: () => void = () => undefined;
  const state = { arrived: new Promise<void>((resolve) => (arrive = resolve)) };
  disk.hook = (operation) => {
    if (operation.kind !== kind || !operation.file.includes(within)) return;
    const held = new Promise<void>((resolve) => (release = resolve));
    arrive();
    return held;
  };
  return {
    arrived: () => state.arrived,
    /** Lets the one that waits go, and holds the next. */
    next: () => {
      state.arrived = new Promise<void>((resolve) => (arrive = resolve));
      release();
    },
  };
}

/** Whether a promise has settled, once everything that is ready to run has run. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  const mark = () => (done = true);
  promise.then(mark, mark);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  return done;
}

describe('an append', () => {
  it('is neither acknowledged nor readable before its flush is through', async () => {
    const disk = new FakeDisk();
    const told: number[] = [];
    const log = await open(disk, undefined, (_, head) => told.push(head));
    await log.append(control, [bytes('first')]);
    const held = gate(disk, 'fdatasync', 'control-0');
    const waiting = log.waitPast(control, 1, new AbortController().signal);
    const append = log.append(control, [bytes('second')]);
    await held.arrived();
    expect(disk.bytes(disk.files('control-0')[0] ?? '').includes('second')).toBe(true);
    expect(await settled(append)).toBe(false);
    expect(await settled(waiting)).toBe(false);
    expect(log.head(control)).toBe(1);
    expect(await log.read(control, 1, 1000)).toEqual([]);
    expect(told).toEqual([1]);
    held.next();
    expect(await append).toBe(1);
    await waiting;
    expect(told).toEqual([1, 2]);
    await log.close();
  });

  it('shares the next flush with all that came while one was running', async () => {
    const disk = new FakeDisk();
    const log = await open(disk);
    await log.append(control, [bytes('warm')]);
    const before = disk.count('fdatasync', 'control-0');
    const held = gate(disk, 'fdatasync', 'control-0');
    const first = log.append(control, [bytes('a')]);
    await held.arrived();
    const others = Array.from({ length: 50 }, (_, i) => log.append(control, [bytes(String(i)), bytes('x')]));
    expect(await settled(Promise.race(others))).toBe(false);
    held.next();
    expect(await first).toBe(1);
    await held.arrived();
    expect(await settled(Promise.race(others))).toBe(false);
    held.next();
    expect(await Promise.all(others)).toEqual(Array.from({ length: 50 }, (_, i) => 2 + i * 2));
    expect(disk.count('fdatasync', 'control-0') - before).toBe(2);
    await log.close();
  });

  it('does not wait for the flush of another partition', async () => {
    const disk = new FakeDisk();
    const log = await open(disk);
    const held = gate(disk, 'fdatasync', 'control-0');
    const slow = log.append(control, [bytes('a')]);
    await held.arrived();
    expect(await log.append(metrics, [bytes('b')])).toBe(0);
    expect(await settled(slow)).toBe(false);
    disk.hook = () => undefined;
    held.next();
    expect(await slow).toBe(0);
    await log.close();
  });

  it('is refused as retriable when too much waits for the disk', async () => {
    const disk = new FakeDisk();
    const log = await open(disk);
    const held = gate(disk, 'write', 'metrics-0');
    const large = new Uint8Array(limits.logRecordBytesMax);
    const queued = Array.from({ length: Math.floor(limits.logQueueBytesMax / large.length) }, () =>
      log.append(metrics, [large]),
    );
    await held.arrived();
    await expect(log.append(metrics, [large])).rejects.toMatchObject({ name: 'AppendError', retriable: true });
    expect(log.head(metrics)).toBe(0);
    disk.hook = (operation) => {
      if (operation.kind === 'write') throw new DiskFault('EIO');
    };
    held.next();
    await Promise.allSettled(queued);
    disk.hook = () => undefined;
    await log.append(metrics, [bytes('again')]);
    await log.close();
  });
});

describe('a segment', () => {
  it('has a durable header and a durable name before anything is written into it', async () => {
    const disk = new FakeDisk();
    const log = await open(disk, 4096);
    for (let i = 0; i < 20; i++) {
      await log.append(control, [noise(700, i)]);
    }
    await log.close();
    const segments = disk.files('control-0');
    expect(segments.length).toBeGreaterThan(1);
    for (const file of segments) {
      const own = disk.operations.filter(
        (op) => op.file === file || (op.kind === 'syncDir' && file.startsWith(op.file)),
      );
      const made = own.findIndex(({ kind }) => kind === 'create');
      expect(own.slice(made, made + 5).map(({ kind }) => kind)).toEqual([
        'create',
        'write',
        'fdatasync',
        'syncDir',
        'write',
      ]);
    }
  });
});
