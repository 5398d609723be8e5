/** Whether a server can do its work now: one sentence per part, `ok` where all is well. */
import type { AppendSeen } from '../events/measured-log.js';
import type { ProjectorHealth } from '../projector/port.js';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { Result } from '../runtime/result.js';
import type { Readiness } from './probes.js';

export interface ReadinessParts {
  /** What keeps the log from working. */
  readonly log: () => string | undefined;
  readonly folding: () => Result<void, string>;
  /** Whether ClickHouse answers. */
  readonly tables: () => Promise<boolean>;
  readonly projector: () => ProjectorHealth;
  /** Bytes free where the data lies. */
  readonly freeBytes: () => Promise<number>;
  readonly data: string;
  readonly clock: Clock;
}

export interface ReadinessWatch {
  /** To be told of every append. */
  appended(seen: AppendSeen): void;
  /** From here on it is not ready: it is going away. */
  stopping(): void;
  ask(parts: ReadinessParts): Promise<Readiness>;
}

export function createReadiness(clock: Clock): ReadinessWatch {
  let failedAt = -Infinity;
  let failure = '';
  let isStopping = false;

  /** A failure is told for a while only: a server that gets no requests because of it could not show that it is over. */
  const log = async ({ freeBytes, data, log: whole }: ReadinessParts): Promise<string> => {
    const free = await freeBytes();
    if (free < limits.diskFreeBytesMin) {
      return `the disk is full: ${String(Math.floor(free / 1024 ** 2))} MiB are free for ${data}; free some space`;
    }
    const fault = whole();
    if (fault !== undefined) return fault;
    if (clock.monotonic() - failedAt > limits.appendFailureToldMs) return 'ok';
    return `the last append failed: ${failure}`;
  };
  const projecting = ({ stoppedBecause, away }: ProjectorHealth): string => {
    if (stoppedBecause !== undefined) return stoppedBecause;
    return away === undefined ? 'ok' : `waits: ${away}`;
  };

  return {
    appended({ durable, error }) {
      failedAt = durable ? -Infinity : clock.monotonic();
      failure = error ?? '';
    },
    stopping: () => (isStopping = true),
    async ask(given) {
      const folding = given.folding();
      const parts = {
        server: isStopping ? 'is stopping: requests under way are finished, new ones go elsewhere' : 'ok',
        log: await log(given),
        state: folding.ok ? 'ok' : folding.error,
        tables: (await given.tables()) ? 'ok' : 'ClickHouse does not answer; it is started again when it has ended',
        projector: projecting(given.projector()),
      };
      return { ready: Object.values(parts).every((said) => said === 'ok'), parts };
    },
  };
}
