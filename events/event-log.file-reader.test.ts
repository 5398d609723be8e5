/** The reading twin and the disk: it sees what it was told of and no more, follows new segments, and holds on to nothing that was trimmed. */
import { mkdtempSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../runtime/clock.js';
import { noise } from '../test/noise.js';
import type { EventLog, PartitionRef } from './event-log.js';
import { openFileLogReader, type FileLogReader } from './event-log.file-reader.js';
import { openFileLog } from './event-log.file.js';

const metrics: PartitionRef = { topic: 'metrics', partition: 0 };
const value = (i: number) => noise(5000, i);

describe('a reader beside the writer', () => {
  let dir: string;
  let log: EventLog;
  let reader: FileLogReader;
  const told = { head: 0, start: 0 };
  const advance = () => {
    reader.advance(metrics, told.head, told.start);
  };

  beforeEach(async () => {
    dir = mkdtempSync(path.join(tmpdir(), 'runlog-twin-'));
    log = await openFileLog(dir, {
      metricsPartitions: 1,
      clock: systemClock,
      segmentBytes: 20_000,
      onDurable: (at, head, start) => {
        if (at.topic === 'metrics') Object.assign(told, { head, start });
      },
    });
    Object.assign(told, { head: 0, start: 0 });
    reader = await openFileLogReader(dir);
  });
  afterEach(async () => {
    await reader.close();
    await log.close();
    rmSync(dir, { recursive: true });
  });
  const fill = async (count: number) => {
    for (let i = 0; i < count; i++) await log.append(metrics, [value(i)]);
  };
  const spaceUsed = () =>
    readdirSync(path.join(dir, 'metrics-0')).reduce(
      (sum, name) => sum + statSync(path.join(dir, 'metrics-0', name)).size,
      0,
    );
  const openAndGone = () =>
    readdirSync('/proc/self/fd')
      .map((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`);
        } catch {
          return '';
        }
      })
      .filter((target) => target.startsWith(dir) && target.endsWith('(deleted)'));

  it('sees nothing before it is told, and then exactly what it is told', async () => {
    await fill(10);
    expect(reader.head(metrics)).toBe(0);
    expect(await reader.read(metrics, 0, 1000)).toEqual([]);
    reader.advance(metrics, 7, 0);
    expect(reader.head(metrics)).toBe(7);
    const found = [];
    while (found.length < 7) found.push(...(await reader.read(metrics, found.length, 1_000_000)));
    expect(found.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(await reader.read(metrics, 7, 1000)).toEqual([]);
  });

  it('never goes back when it is told an older head', () => {
    reader.advance(metrics, 5, 0);
    reader.advance(metrics, 3, 0);
    expect(reader.head(metrics)).toBe(5);
  });

  it('follows the writer over many segments that came to be after it was opened', async () => {
    for (let i = 0; i < 40; i++) {
      await log.append(metrics, [value(i)]);
      advance();
      const [record] = await reader.read(metrics, i, 1);
      expect(Buffer.compare(record?.value ?? Buffer.alloc(0), value(i))).toBe(0);
    }
  });

  it('wakes who waits as it is told', async () => {
    const waiting = reader.waitPast(metrics, 0, new AbortController().signal);
    await fill(1);
    advance();
    await waiting;
  });

  it('opens beside a log that has been trimmed', async () => {
    await fill(20);
    await log.trim(metrics, 10);
    await reader.close();
    reader = await openFileLogReader(dir);
    advance();
    expect(reader.start(metrics)).toBe(log.start(metrics));
    await expect(reader.read(metrics, 0, 1000)).rejects.toThrow(RangeError);
    expect((await reader.read(metrics, 19, 1000))[0]?.offset).toBe(19);
  });

  it('gives the disk space back with the writer, also while it was reading what is trimmed', async () => {
    await fill(40);
    advance();
    await reader.read(metrics, 0, 1000);
    await log.read(metrics, 0, 1000);
    const running = Promise.allSettled([reader.read(metrics, 0, 1_000_000), log.read(metrics, 4, 1_000_000)]);
    const before = spaceUsed();
    await log.trim(metrics, 36);
    advance();
    await running;
    expect(before).toBeGreaterThan(190_000);
    expect(spaceUsed()).toBeLessThan(before / 4);
    await expect(reader.read(metrics, 0, 1000)).rejects.toThrow(RangeError);
    expect((await reader.read(metrics, 36, 1000))[0]?.offset).toBe(36);
    // files are closed in the background
    await vi.waitFor(() => {
      expect(openAndGone()).toEqual([]);
    });
  });

  it('a read that runs while its segment is trimmed away gives records or says that they are gone', async () => {
    await fill(40);
    advance();
    const reads = Promise.allSettled(Array.from({ length: 8 }, (_, i) => reader.read(metrics, i * 4, 1_000_000)));
    await log.trim(metrics, 39);
    for (const [i, outcome] of (await reads).entries()) {
      if (outcome.status === 'fulfilled') expect(outcome.value[0]?.offset).toBe(i * 4);
      else expect(outcome.reason).toBeInstanceOf(RangeError);
    }
  });

  it('refuses a folder without a log', async () => {
    await expect(openFileLogReader(path.join(dir, 'nothing'))).rejects.toThrow('there is no log in');
  });
});
