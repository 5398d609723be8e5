/** Live updates: no event lost without a fetch, and a badge that tells the truth. */
import { describe, expect, test } from 'vitest';
import { createLive, type EventStream } from './live.js';

function setup() {
  const streams: { url: string; closed: boolean; emit: (type: string, data?: string) => void }[] = [];
  const timers: (() => void)[] = [];
  const waits: number[] = [];
  const live = createLive({
    open: (url): EventStream => {
      const heard: Record<string, (event: { data?: unknown }) => void> = {};
      const stream = { url, closed: false, emit: (type: string, data?: string) => heard[type]?.({ data }) };
      streams.push(stream);
      return {
        addEventListener: (type, listener) => {
          heard[type] = listener;
        },
        close: () => {
          stream.closed = true;
        },
      };
    },
    clock: {
      now: () => 0,
      random: () => 0.5,
      after: (ms, task) => {
        waits.push(ms);
        timers.push(task);
        return () => timers.splice(timers.indexOf(task), 1);
      },
    },
  });
  const log: string[] = [];
  const listener = { onEvent: (event: { position: string }) => log.push(event.position), onGap: (first: boolean) => log.push(first ? 'start' : 'gap') };
  live.listen(listener);
  return { live, streams, timers, waits, log };
}

const event = (position: string) => JSON.stringify({ runs: [], points: [], position });

describe('live updates', () => {
  test('pass events on and need no fetch when the connection never broke', () => {
    const { live, streams, log } = setup();
    live.follow('/live');
    expect(live.state.value).toBe('connecting');
    streams[0]?.emit('open');
    streams[0]?.emit('changed', event('p1'));
    expect(live.state.value).toBe('live');
    expect(log).toEqual(['start', 'p1']);
  });

  test('a lost connection shows as stale, is tried again ever more slowly, and ends with a fetch', () => {
    const { live, streams, timers, waits, log } = setup();
    live.follow('/live');
    streams[0]?.emit('open');
    streams[0]?.emit('error');
    expect(live.state.value).toBe('stale');
    expect(streams[0]?.closed).toBe(true);
    timers.shift()?.();
    expect(live.state.value).toBe('stale');
    streams[1]?.emit('error');
    timers.shift()?.();
    streams[2]?.emit('open');
    expect(waits).toEqual([1000, 2000]);
    expect(live.state.value).toBe('live');
    expect(log).toEqual(['start', 'gap']);
  });

  test('pausing holds everything still; going on fetches what was missed', () => {
    const { live, streams, log } = setup();
    live.follow('/live');
    streams[0]?.emit('open');
    live.setPaused(true);
    expect(live.state.value).toBe('paused');
    streams[0]?.emit('changed', event('late'));
    live.setHidden(true);
    live.setHidden(false);
    expect(streams).toHaveLength(1);
    live.setPaused(false);
    streams[1]?.emit('open');
    expect(log).toEqual(['start', 'gap']);
  });

  test('a hidden tab gives its connection back, and leaving a page ends the stream', () => {
    const { live, streams, timers } = setup();
    const leave = live.follow('/live?runs=a');
    live.setHidden(true);
    expect(streams[0]?.closed).toBe(true);
    live.setHidden(false);
    streams[1]?.emit('error');
    leave();
    expect(timers).toHaveLength(0);
    expect(live.state.value).toBe('off');
  });
});
