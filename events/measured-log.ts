/** A log that tells how each of its appends went; everything else passes through. */
import type { Clock } from '../runtime/clock.js';
import type { EventLog, Topic } from './event-log.js';

export interface AppendSeen {
  readonly topic: Topic;
  readonly records: number;
  /** Of value. */
  readonly bytes: number;
  /** From the call until it was durable, or failed. */
  readonly seconds: number;
  readonly durable: boolean;
  /** Why it is not. */
  readonly error?: string;
}

export function measuredLog(log: EventLog, clock: Clock, onAppend: (seen: AppendSeen) => void): EventLog {
  return {
    epoch: log.epoch,
    partitions: (topic) => log.partitions(topic),
    read: (at, offset, bytesMax) => log.read(at, offset, bytesMax),
    head: (at) => log.head(at),
    start: (at) => log.start(at),
    bytesFrom: (at, offset) => log.bytesFrom(at, offset),
    waitPast: (at, offset, signal) => log.waitPast(at, offset, signal),
    async append(at, values) {
      const begun = clock.monotonic();
      let error: string | undefined;
      try {
        return await log.append(at, values);
      } catch (cause) {
        error = cause instanceof Error ? cause.message : String(cause);
        throw cause;
      } finally {
        onAppend({
          topic: at.topic,
          records: values.length,
          bytes: values.reduce((sum, value) => sum + value.length, 0),
          seconds: (clock.monotonic() - begun) / 1000,
          durable: error === undefined,
          ...(error === undefined ? {} : { error }),
        });
      }
    },
    commit: (group, at, offset, metadata) => log.commit(group, at, offset, metadata),
    committed: (group, at) => log.committed(group, at),
    freshHead: (at) => log.freshHead(at),
    trim: (at, offset) => log.trim(at, offset),
    close: () => log.close(),
  };
}
