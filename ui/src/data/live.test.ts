/** Live updates: no event lost without a fetch, and a badge that tells the truth. */
import { describe, expect, test } from 'vitest';
import { createLive, type EventStream } from './live.js';

function setup() {
  const streams: (EventStream & { url: string; closed: boolean; emit: (data: string) => void })[] = [];
  const timers: (() => void)[] = [];
  const waits: number[] = [];
  const live = createLive({
    open: (url) => {
      let emit: (event: { data: string }) => void = () => undefined;
      const stream = {
        url,
        closed: false,
        onopen: null,
        onerror: null,
        addEventListener: (_type: string, listener: (event: { data: string }) => void) => {
          emit = listener;
        },
        close() {
          this.closed = true;
        },
        emit: (data: string) => {
          emit({ data });
        },
      };
      streams.push(stream);
      return stream;
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
  return { live, streams, timers, waits, log, listener };
}

const event = (position: string) => JSON.stringify({ runs: [], points: [], position });

describe('live updates', () => {
  test('pass events on and need no fetch when the connection never broke', () => {
    const { live, streams, log, listener } = setup();
    live.subscribe('/live', listener);
    expect(live.state.value).toBe('connecting');
    streams[0]?.onopen?.();
    streams[0]?.emit(event('p1'));
    expect(live.state.value).toBe('live');
    expect(log).toEqual(['start', 'p1']);
  });

  test('a lost connection shows as stale, is tried again ever more slowly, and ends with a fetch', () => {
    const { live, streams, timers, waits, log, listener } = setup();
    live.subscribe('/live', listener);
    streams[0]?.onopen?.();
    streams[0]?.onerror?.();
    expect(live.state.value).toBe('stale');
    expect(streams[0]?.closed).toBe(true);
    timers.shift()?.();
    expect(live.state.value).toBe('stale');
    streams[1]?.onerror?.();
    timers.shift()?.();
    streams[2]?.onopen?.();
    expect(waits).toEqual([1000, 2000]);
    expect(live.state.value).toBe('live');
    expect(log).toEqual(['start', 'gap']);
  });

  test('pausing holds everything still; going on fetches what was missed', () => {
    const { live, streams, log, listener } = setup();
    live.subscribe('/live', listener);
    streams[0]?.onopen?.();
    live.setPaused(true);
    expect(live.state.value).toBe('paused');
    streams[0]?.emit(event('late'));
    live.setHidden(true);
    live.setHidden(false);
    expect(streams).toHaveLength(1);
    live.setPaused(false);
    streams[1]?.onopen?.();
    expect(log).toEqual(['start', 'gap']);
  });

  test('a hidden tab gives its connection back, and leaving a page ends the stream', () => {
    const { live, streams, timers, listener } = setup();
    const leave = live.subscribe('/live?runs=a', listener);
    live.setHidden(true);
    expect(streams[0]?.closed).toBe(true);
    live.setHidden(false);
    streams[1]?.onerror?.();
    leave();
    expect(timers).toHaveLength(0);
    expect(live.state.value).toBe('off');
  });
});
