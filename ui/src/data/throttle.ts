/** Many triggers, few actions: the first after a silence runs soon, those that follow run together at most once per interval. */
import type { UiClock } from '../clock.js';

export interface Throttle {
  trigger(): void;
  stop(): void;
}

/** `action` may be asynchronous: the interval starts when it is done, so that a slow server is never asked faster than it answers. */
export function createThrottle(clock: UiClock, intervalMs: number, action: () => Promise<void> | void): Throttle {
  let readyAt = 0;
  let busy = false;
  let wanted = false;
  let stopped = false;
  let cancel: (() => void) | undefined;

  function settle(): void {
    if (!wanted || busy || stopped || cancel !== undefined) return;
    cancel = clock.after(Math.max(0, readyAt - clock.now()), () => {
      cancel = undefined;
      wanted = false;
      busy = true;
      void Promise.resolve(action()).finally(() => {
        busy = false;
        readyAt = clock.now() + intervalMs;
        settle();
      });
    });
  }

  return {
    trigger() {
      wanted = true;
      settle();
    },
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}
