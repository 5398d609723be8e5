/** The lock of a log folder: a second opener is told who has it, and a holder that is gone is no obstacle. */
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeDisk } from '../test/fake-disk.js';
import { lockFolder } from './file-log-lock.js';

const file = '/data/log/LOCK';
const inUse = `the log in /data/log is in use by process ${String(process.pid)}`;

describe('the lock of a log folder', () => {
  let disk: FakeDisk;
  let attempts: number;
  const lock = () => lockFolder(disk, '/data/log', `attempt-${String(attempts++)}`);
  const held = () => JSON.parse(disk.bytes(file).toString()) as Record<string, unknown>;
  /** Leaves a lock behind as another process would have written it. */
  const leave = (change: Record<string, unknown>) => {
    disk.put(file, Buffer.from(JSON.stringify({ ...held(), ...change })));
  };

  beforeEach(() => {
    disk = new FakeDisk();
    attempts = 0;
  });

  it('is given to one at a time, by turns', async () => {
    const first = await lock();
    await expect(lock()).rejects.toThrow(inUse);
    await first.release();
    const second = await lock();
    await expect(lock()).rejects.toThrow(inUse);
    await second.release();
    expect(disk.files()).toEqual([]);
  });

  it('is given to exactly one of many that ask at once', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, lock));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(disk.files()).toEqual([file]);
  });

  it.each([
    ['whose process ended', { pid: 2 ** 22 + 1 }],
    ['whose pid was given to another process since', { started: '1' }],
    ['from before the machine was started again', { boot: 'another' }],
    ['of a container that is gone', { namespace: 'pid:[1]' }],
  ])('is taken over from a holder %s', async (_, change) => {
    await lock();
    leave(change);
    const taken = await lock();
    expect(held()['pid']).toBe(process.pid);
    await expect(lock()).rejects.toThrow(inUse);
    await taken.release();
    expect(disk.files()).toEqual([]);
  });

  it('is taken over when it is torn', async () => {
    disk.put(file, Buffer.from('{"pid":1'));
    await (await lock()).release();
    disk.put(file, Buffer.alloc(0));
    await (await lock()).release();
  });

  it('is taken over by exactly one of many', async () => {
    await lock();
    leave({ boot: 'another' });
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, lock));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('stays with who took it over while another was about to', async () => {
    await lock();
    leave({ boot: 'another' });
    let go: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      disk.hook = ({ kind, file: name }) => {
        if (kind !== 'rename' || !name.endsWith('.stale')) return;
        disk.hook = () => undefined;
        resolve();
        return new Promise<void>((release) => (go = release));
      };
    });
    const attempt = lock().catch((error: unknown) => error);
    const pending = await Promise.race([late.then(() => 'waits'), attempt]);
    expect(pending).toBe('waits');
    const taken = await lock();
    const holder = held();
    go();
    expect(await attempt).toEqual(new Error(inUse));
    expect(held()).toEqual(holder);
    await taken.release();
    expect(disk.files()).toEqual([]);
  });

  it('is not released by who has lost it', async () => {
    const first = await lock();
    leave({ boot: 'another' });
    await lock();
    await first.release();
    await expect(lock()).rejects.toThrow(inUse);
  });
});
