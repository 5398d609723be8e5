/** Heartbeats: at most one per run and interval, and any chunk counts. */
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../test/manual-clock.js';
import { createHeartbeats } from './heartbeats.js';

describe('a heartbeat', () => {
  it('is due when a run was not heard from for the interval', () => {
    const clock = createManualClock();
    const heartbeats = createHeartbeats(clock, { heartbeatIntervalMs: 30_000, heartbeatsRememberedMax: 10 });
    expect(heartbeats.due('a')).toBe(true);
    heartbeats.heard('a');
    clock.advance(29_999);
    expect(heartbeats.due('a')).toBe(false);
    expect(heartbeats.due('b')).toBe(true);
    clock.advance(1);
    expect(heartbeats.due('a')).toBe(true);
  });

  it('is remembered for a bounded number of runs', () => {
    const heartbeats = createHeartbeats(createManualClock(), {
      heartbeatIntervalMs: 30_000,
      heartbeatsRememberedMax: 2,
    });
    for (const run of ['a', 'b', 'a', 'c']) heartbeats.heard(run);
    expect(['a', 'b', 'c'].map((run) => heartbeats.due(run))).toEqual([false, true, false]);
  });
});
