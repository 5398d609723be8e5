/** Whole lives of the log on a disk that knows what is durable: appends, commits, trims, faults, then a kill or a power cut, and again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../runtime/clock.js';
import { DiskFault, FakeDisk } from '../test/fake-disk.js';
import { noise } from '../test/noise.js';
import type { EventLog, LogRecord, PartitionRef } from './event-log.js';
import { openFileLog } from './event-log.file.js';

const control: PartitionRef = { topic: 'control', partition: 0 };
const metrics: PartitionRef = { topic: 'metrics', partition: 0 };
const bytes = (text: string) => new TextEncoder().encode(text);
const open = (ops: FakeDisk, segmentBytes: number) =>
  openFileLog('/data/log', { metricsPartitions: 1, clock: systemClock, ops, segmentBytes });

describe('power loss', () => {
  const value = fc.record({ size: fc.nat(900), fill: fc.nat(255), noisy: fc.boolean() });
  const action = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('append' as const),
        control: fc.boolean(),
        values: fc.array(value, { minLength: 1, maxLength: 4 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('commit' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('trim' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    },
  );
  const life = fc.record({
    actions: fc.array(action, { maxLength: 25 }),
    /** Which operation of the disk is the last one. */
    operations: fc.nat(150),
    /** Which operations fail before that, and how. */
    faults: fc.dictionary(
      fc.nat(80).map(String),
      fc.record({ code: fc.constantFrom('EIO', 'ENOSPC'), written: fc.nat(2000) }),
      { maxKeys: 3 },
    ),
    /** Power goes, or only the process. */
    power: fc.boolean(),
    luck: fc.infiniteStream<number>(fc.double({ min: 0, max: 0.999_999, noNaN: true })),
  });

  /** What one partition was told, over all lives of the log. */
  interface Told {
    readonly acknowledged: Map<number, string>;
    readonly attempted: Set<string>;
    start: number;
    commit: number;
    commitMax: number;
  }

  async function verified(log: EventLog, at: PartitionRef, told: Told): Promise<void> {
    const records: LogRecord[] = [];
    for (let next = log.start(at); next < log.head(at);) {
      const part = await log.read(at, next, 3000);
      expect(part.length).toBeGreaterThan(0);
      records.push(...part);
      next += part.length;
    }
    expect(records.map(({ offset }) => offset)).toEqual(records.map((_, i) => log.start(at) + i));
    const found = new Map(records.map(({ offset, value: v }) => [offset, Buffer.from(v).toString('latin1')]));
    for (const text of found.values()) expect(told.attempted.has(text)).toBe(true);
    for (const [offset, text] of told.acknowledged) if (offset >= log.start(at)) expect(found.get(offset)).toBe(text);
    expect(log.start(at)).toBeLessThanOrEqual(told.start);
    for (const [offset, text] of found) told.acknowledged.set(offset, text);
    const committed = (await log.committed('tables', at))?.offset ?? 0;
    expect(committed).toBeGreaterThanOrEqual(told.commit);
    expect(committed).toBeLessThanOrEqual(told.commitMax);
    told.commit = committed;
  }

  it('or a kill at any moment, after any faults of the disk, loses nothing that was acknowledged and serves nothing torn', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 4 }), async (lives) => {
        let disk = new FakeDisk();
        const told = new Map<PartitionRef, Told>(
          [control, metrics].map((at) => [
            at,
            {
              acknowledged: new Map<number, string>(),
              attempted: new Set<string>(),
              start: 0,
              commit: 0,
              commitMax: 0,
            },
          ]),
        );
        let serial = 0;
        for (const { actions, operations, faults, power, luck } of lives) {
          let done = 0;
          disk.hook = () => {
            done++;
            if (done > operations) throw new Error('the power is off');
            const fault = faults[String(done)];
            if (fault !== undefined) throw new DiskFault(fault.code, fault.written);
          };
          const log = await open(disk, 5000).catch(() => undefined);
          const running: Promise<unknown>[] = [];
          if (log !== undefined) {
            for (const act of actions) {
              const at = act.kind === 'append' && act.control ? control : metrics;
              const known = told.get(at);
              if (known === undefined) continue;
              if (act.kind === 'append') {
                const values = act.values.map(({ size, fill, noisy }) => {
                  const prefix = bytes(`${String(serial++)}:`);
                  const body = noisy ? noise(size, fill) : new Uint8Array(size).fill(fill);
                  return Buffer.concat([prefix, body]);
                });
                for (const v of values) known.attempted.add(v.toString('latin1'));
                const appended = log.append(at, values).then((first) => {
                  for (const [i, v] of values.entries()) {
                    expect(known.acknowledged.has(first + i)).toBe(false);
                    known.acknowledged.set(first + i, v.toString('latin1'));
                  }
                });
                running.push(appended);
                if (act.values.length > 1) await appended.catch(() => undefined);
              } else if (act.kind === 'commit') {
                const offset = known.commit + Math.floor(act.share * 10);
                known.commitMax = Math.max(known.commitMax, offset);
                await log.commit('tables', at, offset, 'm').then(
                  () => (known.commit = offset),
                  () => undefined,
                );
              } else {
                const offset = Math.floor(act.share * log.head(at));
                known.start = Math.max(known.start, offset);
                await log.trim(at, offset).catch(() => undefined);
              }
            }
            const outcomes = await Promise.allSettled(running);
            for (const outcome of outcomes) {
              if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ name: 'AppendError' });
            }
          }
          disk = power ? disk.afterPowerLoss(() => luck.next().value as number) : disk.afterKill();
          const again = await open(disk, 5000);
          for (const [at, known] of told) await verified(again, at, known);
          await again.append(control, [bytes('alive')]);
          const aliveAt = again.head(control) - 1;
          told.get(control)?.acknowledged.set(aliveAt, 'alive');
          told.get(control)?.attempted.add('alive');
          await again.close();
        }
      }),
      { numRuns: 250 },
    );
  }, 60_000);
});
