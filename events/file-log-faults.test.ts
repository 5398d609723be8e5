/** A disk that is full, fails or lies: appends are refused as retriable, torn bytes are cut before the next one, nothing acknowledged is lost. */
import { describe, expect, it } from 'vitest';
import { systemClock } from '../runtime/clock.js';
import { DiskFault, FakeDisk, type OperationKind } from '../test/fake-disk.js';
import { noise } from '../test/noise.js';
import { AppendError, type EventLog, type PartitionRef } from './event-log.js';
import { openFileLog } from './event-log.file.js';

const control: PartitionRef = { topic: 'control', partition: 0 };
const open = (disk: FakeDisk, segmentBytes = 1_000_000) =>
  openFileLog('/data/log', { metricsPartitions: 1, clock: systemClock, ops: disk, segmentBytes });
const value = (i: number) => noise(400, i);
const files = (disk: FakeDisk) => disk.files('control-0');

/** Makes the next operations of a kind fail. */
function failNext(disk: FakeDisk, kind: OperationKind, times: number, code = 'ENOSPC', written = 0): void {
  let left = times;
  disk.hook = (operation) => {
    if (operation.kind !== kind || !operation.file.includes('control-0') || left === 0) return;
    left--;
    throw new DiskFault(code, written);
  };
}

async function refused(append: Promise<number>, retriable = true): Promise<void> {
  const error = await append.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppendError);
  expect(error).toMatchObject({ retriable });
}

/** The log holds exactly these values, now and after it was opened again. */
async function holds(disk: FakeDisk, log: EventLog, numbers: readonly number[]): Promise<void> {
  let open_ = log;
  for (const round of ['now', 'again']) {
    const records = [];
    while (records.length < open_.head(control)) records.push(...(await open_.read(control, records.length, 100_000)));
    expect(
      records.map((record) => Buffer.from(record.value).toString('hex')),
      round,
    ).toEqual(numbers.map((i) => Buffer.from(value(i)).toString('hex')));
    await open_.close();
    open_ = await open(disk);
  }
  await open_.close();
}

describe('a full disk', () => {
  it('refuses the append, cuts its torn bytes and takes the next one', async () => {
    const disk = new FakeDisk();
    const log = await open(disk);
    await log.append(control, [value(0)]);
    const size = disk.bytes(files(disk)[0] ?? '').length;
    failNext(disk, 'write', 2, 'ENOSPC', 100);
    await refused(log.append(control, [value(1)]));
    expect(log.head(control)).toBe(1);
    expect(disk.bytes(files(disk)[0] ?? '').length).toBe(size + 100);
    await refused(log.append(control, [value(2)]));
    expect(await log.append(control, [value(3)])).toBe(1);
    await holds(disk, log, [0, 3]);
  });

  it('refuses everything that was joined in the batch, and only that', async () => {
    const disk = new FakeDisk();
    const log = await open(disk);
    await log.append(control, [value(0)]);
    failNext(disk, 'write', 1);
    const joined = [log.append(control, [value(1)]), log.append(control, [value(2)])];
    await Promise.all(joined.map((append) => refused(append)));
    expect(await log.append(control, [value(3)])).toBe(1);
    await holds(disk, log, [0, 3]);
  });

  it('refuses appends while a new segment can not be made, and makes it later', async () => {
    for (const kind of ['create', 'write', 'fdatasync', 'syncDir'] as const) {
      const disk = new FakeDisk();
      const log = await open(disk, 1000);
      await log.append(control, [value(0)]);
      await log.append(control, [value(1)]);
      expect(files(disk)).toHaveLength(1);
      failNext(disk, kind, 2, 'ENOSPC', 5);
      await refused(log.append(control, [value(2)]));
      await refused(log.append(control, [new Uint8Array(1)]));
      expect(await log.append(control, [value(3)])).toBe(2);
      expect(files(disk)).toHaveLength(2);
      await holds(disk, log, [0, 1, 3]);
    }
  });

  it('still lets trim give space back', async () => {
    const disk = new FakeDisk();
    const log = await open(disk, 1000);
    for (let i = 0; i < 6; i++) await log.append(control, [value(i)]);
    const before = files(disk).length;
    disk.hook = ({ kind }) => {
      if (kind === 'write' || kind === 'create') throw new DiskFault('ENOSPC');
    };
    await log.trim(control, 5);
    expect(files(disk).length).toBeLessThan(before);
    expect(log.start(control)).toBe(4);
    disk.hook = () => undefined;
    await log.close();
  });
});

describe('a flush that fails', () => {
  it('refuses the append; the file is read anew and left, the next append goes into a new segment', async () => {
    const disk = new FakeDisk();
    const log = await open(disk);
    await log.append(control, [value(0)]);
    failNext(disk, 'fdatasync', 1, 'EIO');
    await refused(log.append(control, [value(1)]));
    expect(await log.append(control, [value(2)])).toBe(1);
    expect(files(disk).map((file) => file.slice(-6))).toEqual(['00.log', '01.log']);
    await holds(
      disk.afterPowerLoss(() => 0),
      await open(disk.afterPowerLoss(() => 0)),
      [0, 2],
    );
    await holds(disk, log, [0, 2]);
  });

  it('again and again stays retriable for as long as the acknowledged records are there', async () => {
    const disk = new FakeDisk();
    const log = await open(disk);
    await log.append(control, [value(0)]);
    failNext(disk, 'fdatasync', 5, 'EIO');
    for (let i = 1; i <= 5; i++) await refused(log.append(control, [value(i)]));
    expect(await log.append(control, [value(6)])).toBe(1);
    await holds(disk, log, [0, 6]);
  });

  it('ends the appends for good when acknowledged records are gone from the file', async () => {
    const disk = new FakeDisk();
    const log = await open(disk);
    await log.append(control, [value(0)]);
    failNext(disk, 'fdatasync', 1, 'EIO');
    await refused(log.append(control, [value(1)]));
    disk.put(files(disk)[0] ?? '', disk.bytes(files(disk)[0] ?? '').fill(0, 60, 80));
    await refused(log.append(control, [value(2)]), false);
    await refused(log.append(control, [value(3)]), false);
    await expect(log.read(control, 0, 1000)).rejects.toThrow('corrupt');
    await log.close();
  });
});

describe('a read that fails', () => {
  it('fails alone: the next one opens the file again', async () => {
    const disk = new FakeDisk();
    const log = await open(disk);
    await log.append(control, [value(0)]);
    failNext(disk, 'open', 1, 'EMFILE');
    await expect(log.read(control, 0, 1000)).rejects.toThrow('EMFILE');
    expect(await log.read(control, 0, 1000)).toHaveLength(1);
    failNext(disk, 'read', 1, 'EIO');
    await expect(log.read(control, 0, 1000)).rejects.toThrow('EIO');
    await holds(disk, log, [0]);
  });
});
