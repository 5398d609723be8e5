/** Opening a log folder: what is torn is cut, what is damaged is kept aside, what can not be used is refused in one sentence. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../runtime/clock.js';
import { DiskFault, FakeDisk } from '../test/fake-disk.js';
import { noise } from '../test/noise.js';
import type { EventLog, PartitionRef } from './event-log.js';
import { openFileLog } from './event-log.file.js';
import type { Cut } from './file-log-recovery.js';

const control: PartitionRef = { topic: 'control', partition: 0 };
const segmentBytes = 3000;
const first = '/data/log/control-0/0000000000000000.log';

async function open(disk: FakeDisk): Promise<{ log: EventLog; cuts: Cut[] }> {
  const cuts: Cut[] = [];
  const onCut = (_: PartitionRef, cut: Cut) => cuts.push(cut);
  const log = await openFileLog('/data/log', {
    metricsPartitions: 1,
    clock: systemClock,
    ops: disk,
    segmentBytes,
    onCut,
  });
  return { log, cuts };
}

/** Noise of about 300 bytes, so that a segment holds some ten batches. */
const value = (i: number) => noise(300 + (i % 5), i);

async function readAll(log: EventLog): Promise<Uint8Array[]> {
  const values: Uint8Array[] = [];
  while (values.length < log.head(control)) {
    values.push(...(await log.read(control, values.length, 100_000)).map((record) => record.value));
  }
  return values;
}

/** 30 batches of one and two records; where each ends, as (segment, byte, head). */
async function written() {
  const disk = new FakeDisk();
  const { log } = await open(disk);
  const ends: { file: string; size: number; head: number }[] = [];
  for (let i = 0; i < 30; i++) {
    await log.append(control, i % 3 === 0 ? [value(i), value(i + 100)] : [value(i)]);
    const file = disk.files('control-0').at(-1) ?? '';
    ends.push({ file, size: disk.bytes(file).length, head: log.head(control) });
  }
  const all = await readAll(log);
  await log.close();
  return { disk, ends, all, last: ends.at(-1)?.file ?? '' };
}

describe('a log whose last segment was cut or changed', () => {
  it('keeps exactly the batches before, and goes on', async () => {
    const { disk, ends, all, last } = await written();
    const original = Buffer.from(disk.bytes(last));
    const before = (at: number) => ends.filter(({ file, size }) => file !== last || size <= at).at(-1)?.head ?? 0;
    const damages = fc.record({
      at: fc.nat(original.length - 1),
      how: fc.constantFrom('truncate' as const, 'flip' as const, 'zeros' as const, 'garbage' as const),
      noise: fc.uint8Array({ minLength: 1, maxLength: 600 }),
    });
    await fc.assert(
      fc.asyncProperty(damages, async ({ at, how, noise }) => {
        const damaged = Buffer.from(original);
        if (how === 'flip') damaged[at] = (damaged[at] ?? 0) ^ 0x10;
        if (how === 'zeros') damaged.fill(0, at);
        const bytes = how === 'truncate' ? damaged.subarray(0, at) : damaged;
        const there = how === 'garbage' ? Buffer.concat([original, noise]) : bytes;
        const changedAt = how === 'garbage' ? original.length : there.findIndex((byte, i) => byte !== original[i]);
        const expected = before(how === 'truncate' || changedAt < 0 ? there.length : changedAt);
        const copy = new FakeDisk();
        for (const file of disk.files()) copy.put(file, file === last ? there : disk.bytes(file));
        const { log } = await open(copy);
        expect(log.head(control)).toBe(expected);
        const values = await readAll(log);
        for (const [i, v] of values.entries()) expect(Buffer.compare(v, all[i] ?? Buffer.alloc(0))).toBe(0);
        expect(await log.append(control, [value(1)])).toBe(expected);
        await log.close();
        const again = await open(copy);
        expect(again.cuts).toEqual([]);
        expect(again.log.head(control)).toBe(expected + 1);
        expect(await readAll(again.log)).toHaveLength(expected + 1);
        await again.log.close();
      }),
      { numRuns: 150 },
    );
  });

  it('is cut in the file too, and says what was taken', async () => {
    const { disk, ends, last } = await written();
    const [before, end] = ends.slice(-2);
    disk.put(last, disk.bytes(last).subarray(0, -1));
    const { log, cuts } = await open(disk);
    expect(cuts).toEqual([{ file: last, head: before?.head, bytes: (end?.size ?? 0) - (before?.size ?? 0) - 1 }]);
    expect(disk.bytes(last).length).toBe(before?.size);
    await log.close();
  });

  it('keeps what it cut in a file of its own when whole batches stand behind the damage', async () => {
    const { disk, ends, last } = await written();
    const inLast = ends.filter(({ file }) => file === last);
    const [kept, hit] = inLast;
    const bytes = Buffer.from(disk.bytes(last));
    const at = (kept?.size ?? 0) + 60;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    disk.put(last, bytes);
    const { log, cuts } = await open(disk);
    expect(inLast.length).toBeGreaterThan(2);
    expect(hit?.size).toBeGreaterThan(at);
    expect(cuts).toMatchObject([{ head: kept?.head, keptIn: `${last}.cut-${String(kept?.size)}` }]);
    expect(disk.bytes(cuts[0]?.keptIn ?? '').equals(bytes.subarray(kept?.size))).toBe(true);
    await log.close();
  });

  it('drops a segment whose making was interrupted', async () => {
    const { disk, ends, last } = await written();
    const head = ends.at(-1)?.head ?? 0;
    const next = `/data/log/control-0/${String(head).padStart(16, '0')}.log`;
    disk.put(next, disk.bytes(last).subarray(0, 20));
    const { log, cuts } = await open(disk);
    expect(cuts).toEqual([{ file: next, head, bytes: 20 }]);
    expect(disk.files(next)).toEqual([]);
    expect(await log.append(control, [value(1)])).toBe(head);
    await log.close();
  });

  it('never uses an offset again, also when the only segment left has lost its header', async () => {
    const { disk, ends, last } = await written();
    const { log } = await open(disk);
    await log.trim(control, log.head(control));
    await log.close();
    expect(disk.files('control-0')).toEqual([last]);
    disk.put(last, Buffer.from(disk.bytes(last)).fill(0, 0, 8));
    const again = await open(disk);
    const firstOfLast = ends.filter(({ file }) => file !== last).at(-1)?.head;
    expect(again.cuts).toMatchObject([{ head: firstOfLast, keptIn: `${last}.cut-0` }]);
    expect(again.log.start(control)).toBe(firstOfLast);
    expect(await again.log.append(control, [value(1)])).toBe(firstOfLast);
    expect(await again.log.read(control, firstOfLast ?? 0, 1000)).toHaveLength(1);
    await again.log.close();
  });
});

describe('what a killed process wrote, but failed to flush,', () => {
  const failFlushOnce = (disk: FakeDisk) => {
    let left = 1;
    disk.hook = ({ kind, file }) => {
      if (kind === 'fdatasync' && file.includes('control-0') && left-- > 0) throw new DiskFault('EIO');
    };
  };

  it('is durable once it is shown: a batch', async () => {
    const disk = new FakeDisk();
    const { log } = await open(disk);
    await log.append(control, [value(0)]);
    failFlushOnce(disk);
    await expect(log.append(control, [value(1)])).rejects.toThrow('EIO');
    const { log: again } = await open(disk.afterKill());
    expect(again.head(control)).toBe(2);
    const { log: last } = await open(disk.afterPowerLoss(() => 0));
    expect(await readAll(last)).toEqual([Buffer.from(value(0)), Buffer.from(value(1))]);
    await Promise.all([again.close(), last.close()]);
  });

  it('is durable once it is built on: the header of a segment', async () => {
    const disk = new FakeDisk();
    const { log } = await open(disk);
    failFlushOnce(disk);
    await expect(log.append(control, [value(0)])).rejects.toThrow('EIO');
    const { log: again } = await open(disk.afterKill());
    expect(await again.append(control, [value(1)])).toBe(0);
    const { log: last, cuts } = await open(disk.afterPowerLoss(() => 0));
    expect(cuts).toEqual([]);
    expect(await readAll(last)).toEqual([Buffer.from(value(1))]);
    await Promise.all([again.close(), last.close()]);
  });
});

describe('a log that is damaged in the middle', () => {
  it('opens, reads up to the damage, and never serves what fails its checksum', async () => {
    const { disk, ends, all } = await written();
    const [kept] = ends;
    const bytes = Buffer.from(disk.bytes(first));
    const at = (kept?.size ?? 0) + 100;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    disk.put(first, bytes);
    const { log } = await open(disk);
    const records = await log.read(control, 0, 1);
    expect(Buffer.compare(records[0]?.value ?? Buffer.alloc(0), all[0] ?? Buffer.alloc(1))).toBe(0);
    await expect(log.read(control, kept?.head ?? 0, 1)).rejects.toThrow(`the log is corrupt: ${first}`);
    const end = ends.find(({ file }) => file !== first)?.head ?? 0;
    expect(await log.read(control, end, 1)).toHaveLength(1);
    await log.close();
  });

  it('is refused when an older segment has no header', async () => {
    const { disk } = await written();
    disk.put(first, Buffer.from(disk.bytes(first)).fill(0, 0, 4));
    await expect(open(disk)).rejects.toThrow(`the log is corrupt: ${first} has no header`);
  });
});

describe('a commit', () => {
  it('that a killed process had not flushed is durable once it is shown', async () => {
    const disk = new FakeDisk();
    const { log } = await open(disk);
    await log.commit('tables', control, 1, '');
    disk.hook = ({ kind, file }) => {
      if (kind === 'syncDir' && file.endsWith('commits')) throw new Error('killed here');
    };
    await expect(log.commit('tables', control, 2, '')).rejects.toMatchObject({ name: 'AppendError', retriable: true });
    const { log: again } = await open(disk.afterKill());
    expect(await again.committed('tables', control)).toEqual({ offset: 2, metadata: '' });
    const { log: last } = await open(disk.afterPowerLoss(() => 0));
    expect(await last.committed('tables', control)).toEqual({ offset: 2, metadata: '' });
    await Promise.all([again.close(), last.close()]);
  });

  it('that fails leaves the one before', async () => {
    const disk = new FakeDisk();
    const { log } = await open(disk);
    await log.commit('tables', control, 1, 'one');
    disk.hook = ({ kind }) => {
      if (kind === 'write') throw new DiskFault('ENOSPC', 3);
    };
    await expect(log.commit('tables', control, 2, 'two')).rejects.toThrow('ENOSPC');
    expect(await log.committed('tables', control)).toEqual({ offset: 1, metadata: 'one' });
    disk.hook = () => undefined;
    await log.commit('tables', control, 3, 'three');
    await log.close();
    const { log: again } = await open(disk);
    expect(await again.committed('tables', control)).toEqual({ offset: 3, metadata: 'three' });
    await again.close();
  });
});

describe('a folder that can not be used is refused in one sentence:', () => {
  let disk: FakeDisk;
  beforeEach(async () => {
    disk = new FakeDisk();
    const { log } = await open(disk);
    await log.append(control, [value(0)]);
    await log.close();
  });

  it('another number of partitions', async () => {
    await expect(openFileLog('/data/log', { metricsPartitions: 4, clock: systemClock, ops: disk })).rejects.toThrow(
      'the log in /data/log has 1 metrics partitions, not 4',
    );
  });

  it('a later version of the folder', async () => {
    disk.put('/data/log/log.json', Buffer.from('{"version":2,"epoch":"e","metricsPartitions":1}'));
    await expect(open(disk)).rejects.toThrow('the log in /data/log was written by a later version of Runlog');
  });

  it('log.json that is gone, or no JSON', async () => {
    disk.put('/data/log/log.json', Buffer.from('{"version":1'));
    await expect(open(disk)).rejects.toThrow('/data/log/log.json can not be read');
    await disk.remove('/data/log/log.json');
    await expect(open(disk)).rejects.toThrow('/data/log/log.json is missing');
  });

  it('and the next try is not kept out by the lock', async () => {
    await expect(openFileLog('/data/log', { metricsPartitions: 4, clock: systemClock, ops: disk })).rejects.toThrow();
    const { log } = await open(disk);
    expect(log.head(control)).toBe(1);
    await log.close();
  });
});
