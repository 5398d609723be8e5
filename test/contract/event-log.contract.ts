/** What every adapter of the event log promises (events/event-log.ts), as one suite that each of them runs. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppendError, type EventLog, type EventLogReader, type PartitionRef } from '../../events/event-log.js';
import { limits } from '../../runtime/limits.js';
import { noise } from '../noise.js';

export interface LogUnderTest {
  readonly log: EventLog;
  /** Where reads go: the log itself, or its twin that only reads. */
  readonly reader: EventLogReader;
  /** Closes the log and opens it again over the same records; of logs that last. */
  readonly reopen?: () => Promise<LogUnderTest>;
  /** Closes what is open and removes what was written. */
  readonly dispose: () => Promise<void>;
}

const control: PartitionRef = { topic: 'control', partition: 0 };
const metrics = (partition: number): PartitionRef => ({ topic: 'metrics', partition });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const texts = (records: readonly { readonly value: Uint8Array }[]) =>
  records.map(({ value }) => new TextDecoder().decode(value));

/**
 * `make` opens an empty log with two metrics partitions whose segments, where it has any, hold about 64 KiB. The records of a log that
 * `lasts` outlive its object; what that promises is no case for the others.
 */
export function describeEventLog(name: string, make: () => Promise<LogUnderTest>, { lasts }: { lasts: boolean }): void {
  describe(`${name} as an event log`, () => {
    let under: LogUnderTest;
    let log: EventLog;
    let reader: EventLogReader;

    const use = (made: LogUnderTest) => {
      under = made;
      ({ log, reader } = made);
    };
    beforeEach(async () => {
      use(await make());
    });
    afterEach(() => under.dispose());

    /** Everything from `offset` on, in reads of `bytesMax`. */
    const readAll = async (at: PartitionRef, offset: number, bytesMax: number = limits.logReadBytesMax) => {
      const found = [];
      for (let next = offset; ;) {
        const records = await reader.read(at, next, bytesMax);
        if (records.length === 0) return found;
        found.push(...records);
        next += records.length;
      }
    };
    /** `count` records of about 4 KiB that do not compress, appended one by one. */
    const fill = async (at: PartitionRef, count: number) => {
      const values = Array.from({ length: count }, (_, i) => noise(4000 + (i % 9), i));
      for (const value of values) await log.append(at, [value]);
      return values;
    };

    it('starts empty, with one control partition and an epoch', () => {
      expect(log.partitions('control')).toBe(1);
      expect(log.partitions('metrics')).toBe(2);
      expect(log.epoch).toMatch(/^[0-9a-z]{1,32}$/);
      expect(reader.epoch).toBe(log.epoch);
      expect(log.head(control)).toBe(0);
      expect(log.start(control)).toBe(0);
    });

    it('tells where a partition ends when it is asked', async () => {
      expect(await log.freshHead(control)).toBe(0);
      await log.append(control, [bytes('a'), bytes('b')]);
      await log.append(metrics(1), [bytes('c')]);
      expect(await log.freshHead(control)).toBe(2);
      expect(await log.freshHead(metrics(1))).toBe(1);
    });

    it('gives dense offsets from 0, consecutive inside a batch', async () => {
      expect(await log.append(control, [bytes('a')])).toBe(0);
      expect(await log.append(control, [bytes('b'), bytes('c'), bytes('d')])).toBe(1);
      expect(await log.append(control, [bytes('e')])).toBe(4);
      expect(log.head(control)).toBe(5);
      const records = await reader.read(control, 0, limits.logReadBytesMax);
      expect(records.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4]);
      expect(texts(records)).toEqual(['a', 'b', 'c', 'd', 'e']);
    });

    it('keeps appends of one partition in the order of the calls, each batch together', async () => {
      const calls = Array.from({ length: 60 }, (_, i) =>
        log.append(
          metrics(0),
          Array.from({ length: 1 + (i % 4) }, (_, j) => bytes(`${String(i)}/${String(j)}`)),
        ),
      );
      const firsts = await Promise.all(calls);
      const expected = firsts.map((_, i) => Array.from({ length: 1 + (i % 4) }, (_, j) => `${String(i)}/${String(j)}`));
      expect(texts(await readAll(metrics(0), 0))).toEqual(expected.flat());
      let next = 0;
      for (const [i, first] of firsts.entries()) {
        expect(first).toBe(next);
        next += expected[i]?.length ?? 0;
      }
    });

    it('keeps partitions and topics apart', async () => {
      await Promise.all([
        log.append(control, [bytes('c')]),
        log.append(metrics(0), [bytes('m0')]),
        log.append(metrics(1), [bytes('m1')]),
      ]);
      expect(texts(await readAll(control, 0))).toEqual(['c']);
      expect(texts(await readAll(metrics(0), 0))).toEqual(['m0']);
      expect(texts(await readAll(metrics(1), 0))).toEqual(['m1']);
    });

    it('refuses partitions that do not exist', async () => {
      expect(() => log.head(metrics(2))).toThrow(RangeError);
      expect(() => log.head({ topic: 'control', partition: 1 })).toThrow(RangeError);
      await expect(log.append(metrics(-1), [bytes('x')])).rejects.toThrow(RangeError);
      await expect(reader.read(metrics(2), 0, 100)).rejects.toThrow(RangeError);
    });

    it('gives values back byte for byte, aligned to 8 in their buffer', async () => {
      const sizes = [0, 1, 7, 8, 9, 500, 4096, 70_001, 1_500_000];
      const values = sizes.map((size, seed) =>
        Uint8Array.from({ length: size }, (_, i) => (i * 31 + seed * 7) ^ (i >> 5)),
      );
      await log.append(metrics(1), values);
      for (const value of values) await log.append(metrics(1), [value]);
      const records = await readAll(metrics(1), 0);
      expect(records).toHaveLength(values.length * 2);
      for (const [i, { value }] of records.entries()) {
        expect(value.byteOffset % 8).toBe(0);
        expect(Buffer.compare(value, values[i % values.length] ?? bytes('?'))).toBe(0);
      }
    });

    it('does not change when the caller reuses its buffer after the append', async () => {
      const value = bytes('before');
      await log.append(control, [value]);
      value.fill(0);
      expect(texts(await readAll(control, 0))).toEqual(['before']);
    });

    it('reads at least one record, and no more than about the bytes asked for', async () => {
      await log.append(
        control,
        Array.from({ length: 20 }, () => bytes('x'.repeat(1000))),
      );
      expect(await reader.read(control, 0, 1)).toHaveLength(1);
      expect(await reader.read(control, 7, 3500)).toHaveLength(3);
      const all = await readAll(control, 0, 2500);
      expect(all.map(({ offset }) => offset)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    });

    it('reads from any offset, also in the middle of a batch', async () => {
      const values = await fill(metrics(0), 40);
      await log.append(metrics(0), values);
      for (const offset of [0, 1, 17, 39, 40, 41, 62, 79]) {
        const [record] = await reader.read(metrics(0), offset, 10);
        expect(record?.offset).toBe(offset);
        expect(Buffer.compare(record?.value ?? bytes('?'), values[offset % 40] ?? bytes('?'))).toBe(0);
      }
    });

    it('reads nothing at the head', async () => {
      expect(await reader.read(control, 0, 100)).toEqual([]);
      await log.append(control, [bytes('a')]);
      expect(await reader.read(control, 1, 100)).toEqual([]);
    });

    it('refuses records and batches over the bounds without a retry, and keeps nothing of them', async () => {
      const record = new Uint8Array(limits.logRecordBytesMax + 1);
      const tooLarge = log.append(control, [bytes('small'), record]);
      await expect(tooLarge).rejects.toThrow(AppendError);
      await expect(tooLarge).rejects.toMatchObject({ retriable: false });
      await expect(log.append(control, [])).rejects.toMatchObject({ name: 'AppendError', retriable: false });
      expect(log.head(control)).toBe(0);
      expect(await log.append(control, [bytes('next')])).toBe(0);
    });

    it('counts the bytes of value that are left from an offset', async () => {
      const values = await fill(metrics(0), 50);
      const total = values.reduce((sum, value) => sum + value.length, 0);
      expect(log.bytesFrom(metrics(0), 0)).toBe(total);
      expect(log.bytesFrom(metrics(0), 50)).toBe(0);
      expect(log.bytesFrom(metrics(1), 0)).toBe(0);
      let before = total;
      for (let offset = 1; offset < 50; offset++) {
        const left = log.bytesFrom(metrics(0), offset);
        expect(left).toBeLessThanOrEqual(before);
        before = left;
      }
      expect(Math.abs(log.bytesFrom(metrics(0), 25) - total / 2)).toBeLessThan(70_000);
    });

    it('wakes who waits for the head, and only when it has moved past the offset', async () => {
      const never = new AbortController();
      await log.append(control, [bytes('a')]);
      await reader.waitPast(control, 0, never.signal);
      let woken = 0;
      const waiting = [1, 2].map((offset) => reader.waitPast(control, offset, never.signal).then(() => woken++));
      await log.append(metrics(0), [bytes('elsewhere')]);
      expect(woken).toBe(0);
      await log.append(control, [bytes('b')]);
      await waiting[0];
      expect(woken).toBe(1);
      await log.append(control, [bytes('c')]);
      await Promise.all(waiting);
      expect(reader.head(control)).toBe(3);
    });

    it('wakes who waits when the signal aborts', async () => {
      const stop = new AbortController();
      const waiting = reader.waitPast(control, 5, stop.signal);
      stop.abort();
      await waiting;
      await reader.waitPast(control, 5, stop.signal);
    });

    it('keeps a commit per group and partition, with its metadata', async () => {
      expect(await log.committed('tables', metrics(0))).toBeUndefined();
      await log.commit('tables', metrics(0), 3, '{"slice":"ä"}');
      await log.commit('tables', metrics(0), 7, 'x'.repeat(limits.commitMetadataBytesMax));
      await log.commit('tables', metrics(1), 1, '');
      await log.commit('other', metrics(0), 2, 'o');
      expect(await log.committed('tables', metrics(0))).toEqual({
        offset: 7,
        metadata: 'x'.repeat(limits.commitMetadataBytesMax),
      });
      expect(await log.committed('tables', metrics(1))).toEqual({ offset: 1, metadata: '' });
      expect(await log.committed('other', metrics(0))).toEqual({ offset: 2, metadata: 'o' });
      expect(await log.committed('tables', control)).toBeUndefined();
    });

    it('takes the last of commits that overlap', async () => {
      await Promise.all([1, 2, 3].map((offset) => log.commit('tables', control, offset, `m${String(offset)}`)));
      expect(await log.committed('tables', control)).toEqual({ offset: 3, metadata: 'm3' });
    });

    it('refuses a commit whose metadata is over the bound', async () => {
      const metadata = 'é'.repeat(limits.commitMetadataBytesMax / 2 + 1);
      await expect(log.commit('tables', control, 1, metadata)).rejects.toThrow(RangeError);
      expect(await log.committed('tables', control)).toBeUndefined();
    });

    it('trims from the front: what is below is gone, what is not stays readable, appends go on', async () => {
      const values = await fill(metrics(0), 75);
      await readAll(metrics(0), 0);
      await log.trim(metrics(0), 50);
      const start = log.start(metrics(0));
      expect(start).toBeGreaterThan(0);
      expect(start).toBeLessThanOrEqual(50);
      expect(log.head(metrics(0))).toBe(75);
      await expect(reader.read(metrics(0), start - 1, 1000)).rejects.toThrow(RangeError);
      const kept = await readAll(metrics(0), start);
      expect(kept.map(({ offset }) => offset)).toEqual(Array.from({ length: 75 - start }, (_, i) => start + i));
      for (const { offset, value } of kept) expect(Buffer.compare(value, values[offset] ?? bytes('?'))).toBe(0);
      expect(await log.append(metrics(0), [bytes('after')])).toBe(75);
      expect(log.start(metrics(1))).toBe(0);
    });

    it('trims nothing below the start and never past the head', async () => {
      await log.append(control, [bytes('a'), bytes('b')]);
      await log.trim(control, 0);
      expect(log.start(control)).toBe(0);
      await log.trim(control, 99);
      expect(log.head(control)).toBe(2);
      expect(log.start(control)).toBeLessThanOrEqual(2);
      expect(await log.append(control, [bytes('c')])).toBe(2);
      expect(texts(await readAll(control, 2))).toEqual(['c']);
    });

    it('acknowledges what was appended before the close, refuses what comes after, and wakes who waits', async () => {
      const waiting = log.waitPast(control, 100, new AbortController().signal);
      const before = log.append(control, [bytes('a')]);
      const closed = log.close();
      await expect(log.append(control, [bytes('b')])).rejects.toThrow(AppendError);
      expect(await before).toBe(0);
      await closed;
      await waiting;
      await expect(log.read(control, 0, 100)).rejects.toThrow();
    });

    if (!lasts) return;

    it('is the same log after it was opened again', async () => {
      const values = await fill(metrics(0), 40);
      await log.append(control, [bytes('a'), bytes('b')]);
      await log.commit('tables', metrics(0), 33, 'slice');
      await log.trim(metrics(0), 30);
      const { epoch } = log;
      const start = log.start(metrics(0));
      for (let round = 0; round < 3; round++) {
        if (under.reopen === undefined) throw new Error('a log that lasts can be opened again');
        use(await under.reopen());
        expect(log.epoch).toBe(epoch);
        expect(log.start(metrics(0))).toBe(start);
        expect(log.head(metrics(0))).toBe(40 + round);
        expect(log.head(control)).toBe(2);
        expect(log.bytesFrom(metrics(0), start)).toBeGreaterThan(0);
        expect(await log.committed('tables', metrics(0))).toEqual({ offset: 33, metadata: 'slice' });
        const kept = (await readAll(metrics(0), start)).slice(0, 40 - start);
        for (const { offset, value } of kept) expect(Buffer.compare(value, values[offset] ?? bytes('?'))).toBe(0);
        expect(await log.append(metrics(0), [bytes('more')])).toBe(40 + round);
      }
    });
  });
}
