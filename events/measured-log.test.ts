/** A measured log tells of every append, whether it became durable or not, and is otherwise the log behind it. */
import { expect, it } from 'vitest';
import { createManualClock } from '../test/manual-clock.js';
import { AppendError, type EventLog } from './event-log.js';
import { createMemoryLog } from './event-log.memory.js';
import { measuredLog, type AppendSeen } from './measured-log.js';

const METRICS = { topic: 'metrics', partition: 1 } as const;

it('tells records, bytes and how long each append took, and that a failed one is not durable', async () => {
  const clock = createManualClock();
  const memory = createMemoryLog({ epoch: 'e', metricsPartitions: 2 });
  let full = false;
  const slow: EventLog = {
    ...memory,
    append(at, values) {
      clock.advance(250);
      return full ? Promise.reject(new AppendError('the disk is full', true)) : memory.append(at, values);
    },
  };
  const seen: AppendSeen[] = [];
  const log = measuredLog(slow, clock, (append) => seen.push(append));
  expect(await log.append(METRICS, [Buffer.from('one'), Buffer.from('three')])).toBe(0);
  full = true;
  await expect(log.append({ topic: 'control', partition: 0 }, [Buffer.from('x')])).rejects.toThrow('the disk is full');
  expect(seen).toEqual([
    { topic: 'metrics', records: 2, bytes: 8, seconds: 0.25, durable: true },
    { topic: 'control', records: 1, bytes: 1, seconds: 0.25, durable: false, error: 'the disk is full' },
  ]);
  expect(log.head(METRICS)).toBe(2);
  await log.close();
});
