/** One listener's stream of server-sent events: bounded in what it holds back, and ended with a word when the reader is too slow. */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../runtime/clock.js';

export interface EventStream {
  /** Events as text, see `eventText`. The last one brings the listener up to `position`. */
  send(events: readonly string[], position: string): void;
  /** Keeps proxies from closing a quiet stream, and finds out whether anybody is still there. */
  comment(): void;
  readonly isOpen: boolean;
}

export interface StreamBounds {
  readonly liveBufferedBytesMax: number;
  readonly liveFarewellMs: number;
}

/** Without an id where the events that belong to the position are not complete yet. */
export const eventText = (name: string, data: object, id?: string): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

/** Begins the answer. `position` is where the listener is before the first event. */
export function openStream(
  res: ServerResponse,
  clock: Pick<Clock, 'sleep'>,
  bounds: StreamBounds,
  position: string,
): EventStream {
  let sent = position;
  let isOpen = true;
  res.once('close', () => (isOpen = false));
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });

  const isSlow = () => res.writableLength > bounds.liveBufferedBytesMax;
  const farewell = () => {
    isOpen = false;
    const detail = 'events were read too slowly; a new request with this position as since goes on from here';
    res.end(eventText('bye', { position: sent, detail }, sent));
    void clock.sleep(bounds.liveFarewellMs).then(() => res.destroy());
  };
  return {
    send(events, next) {
      if (!isOpen) return;
      if (isSlow()) {
        farewell();
        return;
      }
      for (const event of events) res.write(event);
      sent = next;
    },
    comment() {
      if (!isOpen) return;
      if (isSlow()) farewell();
      else res.write(': still here\n\n');
    },
    get isOpen() {
      return isOpen;
    },
  };
}
