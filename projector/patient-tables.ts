/** Tables that wait while the database is away: every request is tried again, with growing pauses, until it is answered. */
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { Logger } from '../runtime/logger.js';
import type { ProjectionTables } from './projection-tables.js';

export interface PatientTables extends ProjectionTables {
  /** Why requests are waiting; undefined while the tables answer. */
  away(): string | undefined;
}

const isRetriable = (cause: unknown): cause is Error & { retriable: true } =>
  cause instanceof Error && 'retriable' in cause && cause.retriable === true;

/** Errors that are not retriable, and any error after the abort, are thrown on. */
export function patientTables(
  tables: ProjectionTables,
  clock: Clock,
  logger: Logger,
  signal: AbortSignal,
  /** Called with every block that is in its table. */
  onInserted: (table: string, block: readonly Uint8Array[]) => void,
): PatientTables {
  let away: string | undefined;

  const patiently = async <T>(request: () => Promise<T>): Promise<T> => {
    for (
      let pauseMs: number = limits.insertBackoffMsMin;
      ;
      pauseMs = Math.min(2 * pauseMs, limits.insertBackoffMsMax)
    ) {
      try {
        const answer = await request();
        if (away !== undefined) logger.info({}, 'the tables answer again');
        away = undefined;
        return answer;
      } catch (cause) {
        if (signal.aborted || !isRetriable(cause)) throw cause;
        if (away === undefined) logger.warn({ detail: cause.message }, 'the tables are away');
        away = cause.message;
        // jitter, so that slices do not come back all at once
        await clock.sleep(pauseMs * (0.5 + clock.random()), signal);
        if (signal.aborted) throw cause;
      }
    }
  };

  return {
    away: () => away,
    async insert(table, block, token) {
      await patiently(() => tables.insert(table, block, token));
      onInserted(table, block);
    },
    flushTokens: () => patiently(() => tables.flushTokens()),
    lastDone: (at) => patiently(() => tables.lastDone(at)),
    recordedFrom: (at, offset) => patiently(() => tables.recordedFrom(at, offset)),
    async *batches(partition, from, below) {
      // a page that was given is not given again in another shape: taking it twice changes nothing
      const all = await patiently(async () => {
        const pages = [];
        for await (const page of tables.batches(partition, from, below)) pages.push(page);
        return pages;
      });
      yield* all;
    },
    lastSeen: () => patiently(() => tables.lastSeen()),
    deadLetters: () => patiently(() => tables.deadLetters()),
  };
}
