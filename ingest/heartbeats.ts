/** When a run was last heard from, so that heartbeats go onto the log at most once per run and interval; any chunk counts. */
import type { Clock } from '../runtime/clock.js';

export interface Heartbeats {
  /** Whether a heartbeat of this run has to be appended now. */
  due(run: string): boolean;
  /** A chunk of this run was appended. */
  heard(run: string): void;
}

export interface HeartbeatBounds {
  readonly heartbeatIntervalMs: number;
  readonly heartbeatsRememberedMax: number;
}

export function createHeartbeats(clock: Clock, bounds: HeartbeatBounds): Heartbeats {
  // in the order of time: the first ones are the oldest
  const heardAt = new Map<string, number>();
  const expired = (at: number) => clock.monotonic() - at >= bounds.heartbeatIntervalMs;
  return {
    due(run) {
      const at = heardAt.get(run);
      return at === undefined || expired(at);
    },
    heard(run) {
      heardAt.delete(run);
      heardAt.set(run, clock.monotonic());
      for (const [oldest, at] of heardAt) {
        if (!expired(at) && heardAt.size <= bounds.heartbeatsRememberedMax) break;
        heardAt.delete(oldest);
      }
    },
  };
}
