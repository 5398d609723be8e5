/**
 * Live updates over one server-sent stream: the page follows one, the badge shows `live`, `paused` or `stale`.
 * After any gap (pause, hidden tab, lost connection) listeners are told to fetch again, so that nothing is missed.
 * A hidden tab gives its connection back: browsers allow only six per server.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { LiveEvent } from '../../../query/api.js';
import type { UiClock } from '../clock.js';

export type LiveState = 'off' | 'connecting' | 'live' | 'paused' | 'stale';

export interface LiveListener {
  readonly onEvent: (event: LiveEvent) => void;
  /** Events may have been missed: fetch again. `first` is the very first moment, when only what lay between a fetch and now is missing. */
  readonly onGap: (first: boolean) => void;
}

/** The part of EventSource that is used. */
export interface EventStream {
  addEventListener(type: 'open' | 'error' | 'changed', listener: (event: { readonly data?: unknown }) => void): void;
  close(): void;
}

export interface LiveDeps {
  readonly open: (url: string) => EventStream;
  readonly clock: UiClock;
}

export interface Live {
  readonly state: ReadonlySignal<LiveState>;
  /** Connects to a stream, one at a time: the page's. The answer ends it. */
  follow(url: string): () => void;
  /** Hears what the followed stream brings; any number of listeners. The answer ends it. */
  listen(listener: LiveListener): () => void;
  /** The reader's own choice. */
  setPaused(paused: boolean): void;
  setHidden(hidden: boolean): void;
}

const firstWaitMs = 1000;
const longestWaitMs = 15_000;

export function createLive({ open, clock }: LiveDeps): Live {
  const state = signal<LiveState>('off');
  const listeners = new Set<LiveListener>();
  let wanted: { readonly url: string } | undefined;
  let stream: EventStream | undefined;
  let cancelRetry: (() => void) | undefined;
  let attempt = 0;
  let gap = false;
  let first = true;
  let paused = false;
  let hidden = false;

  function disconnect(): void {
    stream?.close();
    stream = undefined;
    cancelRetry?.();
    cancelRetry = undefined;
  }

  /** Brings the connection in line with what is wanted. */
  function settle(): void {
    if (wanted === undefined || paused || hidden) {
      disconnect();
      if (wanted !== undefined) gap = true;
      state.value = wanted === undefined ? 'off' : 'paused';
      return;
    }
    if (stream === undefined && cancelRetry === undefined) connect(wanted.url);
  }

  function connect(url: string): void {
    if (state.value !== 'stale') state.value = 'connecting';
    const mine = open(url);
    stream = mine;
    mine.addEventListener('open', () => {
      if (mine !== stream) return;
      attempt = 0;
      state.value = 'live';
      if (gap || first) for (const listener of listeners) listener.onGap(!gap);
      gap = false;
      first = false;
    });
    mine.addEventListener('changed', ({ data }) => {
      if (mine !== stream) return;
      const event = JSON.parse(String(data)) as LiveEvent;
      for (const listener of listeners) listener.onEvent(event);
    });
    mine.addEventListener('error', () => {
      if (mine !== stream) return;
      disconnect();
      gap = true;
      state.value = 'stale';
      const wait = Math.min(longestWaitMs, firstWaitMs * 2 ** attempt) * (0.75 + clock.random() / 2);
      attempt += 1;
      cancelRetry = clock.after(wait, () => {
        cancelRetry = undefined;
        settle();
      });
    });
  }

  return {
    state,
    follow(url) {
      disconnect();
      const mine = { url };
      wanted = mine;
      attempt = 0;
      gap = false;
      first = true;
      settle();
      return () => {
        if (wanted !== mine) return;
        wanted = undefined;
        settle();
      };
    },
    listen(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    setPaused(next) {
      paused = next;
      settle();
    },
    setHidden(next) {
      hidden = next;
      settle();
    },
  };
}
