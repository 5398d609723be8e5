/** A clock for tests: time stands still until it is told to move, and ids count up. */
import type { Clock } from '../runtime/clock.js';

export interface ManualClock extends Clock {
  /** Moves wall and monotonic time on; sleeps that end meanwhile resolve. */
  advance(ms: number): void;
}

export function createManualClock(startMs = 1_700_000_000_000): ManualClock {
  let elapsed = 0;
  let ids = 0;
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();
  return {
    now: () => startMs + elapsed,
    monotonic: () => elapsed,
    uuid: () => `00000000-0000-4000-8000-${(ids++).toString(16).padStart(12, '0')}`,
    random: () => 0.5,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const sleeper = {
          until: elapsed + ms,
          wake: () => {
            sleepers.delete(sleeper);
            signal?.removeEventListener('abort', sleeper.wake);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', sleeper.wake, { once: true });
        if (ms <= 0 || signal?.aborted === true) sleeper.wake();
      }),
    advance(ms) {
      elapsed += ms;
      for (const sleeper of [...sleepers]) if (sleeper.until <= elapsed) sleeper.wake();
    },
  };
}
