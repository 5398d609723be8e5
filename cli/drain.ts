/** Takes an HTTP server out of service: no new connections, requests under way are finished, and after a bound nothing is waited for. */
import type { Server, ServerResponse } from 'node:http';
import type { Clock } from '../runtime/clock.js';

export interface Drain {
  /** Resolves when every answer is out, or when `waitMs` ran out; says whether all were. */
  drain(waitMs: number): Promise<boolean>;
}

/** To be made before the server listens. */
export function createDrain(server: Server, clock: Clock): Drain {
  const open = new Set<ServerResponse>();
  let draining = false;
  let onEmpty: () => void = () => undefined;

  server.prependListener('request', (_request, response: ServerResponse) => {
    open.add(response);
    if (draining) response.setHeader('connection', 'close');
    response.once('close', () => {
      open.delete(response);
      if (!draining) return;
      server.closeIdleConnections();
      if (open.size === 0) onEmpty();
    });
  });

  return {
    async drain(waitMs) {
      draining = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const answered = new Promise<true>((resolve) => (onEmpty = () => resolve(true)));
      for (const response of open) {
        // a stream of events has no end of its own: who listens comes back elsewhere
        if (isEventStream(response)) response.end();
        else if (!response.headersSent) response.setHeader('connection', 'close');
      }
      if (open.size === 0) onEmpty();
      const patience = new AbortController();
      const late = clock.sleep(waitMs, patience.signal).then(() => false);
      const all = await Promise.race([answered, late]);
      patience.abort();
      server.closeAllConnections();
      await closed;
      return all;
    },
  };
}

const isEventStream = (response: ServerResponse): boolean =>
  String(response.getHeader('content-type') ?? '').startsWith('text/event-stream');
