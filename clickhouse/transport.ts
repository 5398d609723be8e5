/** Requests to ClickHouse's HTTP interface over a pool of kept connections: whole answers as text, failures as TablesError. */
import http from 'node:http';
import https from 'node:https';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { isRetriableCode, TablesError, type Credentials } from './tables.js';

export interface TransportRequest {
  readonly search: URLSearchParams;
  /** Bytes, for Node would write a string together with the headers and encode those again. */
  readonly body: readonly Uint8Array[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Whether the same request may run twice: then one that meets a connection closed by the server is sent again. */
  readonly repeatable: boolean;
}

export interface Transport {
  send(request: TransportRequest): Promise<string>;
  ping(timeoutMs: number): Promise<boolean>;
  close(): void;
}

export function createTransport(url: string, credentials: Credentials, clock: Clock): Transport {
  const base = new URL(url);
  const { request, Agent } = base.protocol === 'https:' ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: limits.tablesConnectionsMax, scheduling: 'lifo' });
  const target = {
    protocol: base.protocol,
    hostname: base.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: base.port === '' ? undefined : Number(base.port),
  };
  const path = base.pathname;
  const auth = { 'X-ClickHouse-User': credentials.user, 'X-ClickHouse-Key': credentials.password };

  const attempt = ({ search, body, headers, signal, repeatable }: TransportRequest): Promise<string> =>
    new Promise((resolve, reject) => {
      const length = body.reduce((sum, piece) => sum + piece.byteLength, 0);
      const sent = request({
        ...target,
        // an id per attempt: the server refuses one that it is still working on
        path: `${path}?query_id=${clock.uuid()}&${search.toString()}`,
        method: 'POST',
        agent,
        timeout: limits.tablesRequestMsMax,
        headers: { ...auth, ...headers, 'Content-Length': length },
        ...(signal === undefined ? {} : { signal }),
      });
      sent.on('timeout', () => sent.destroy(new Error(`no answer within ${limits.tablesRequestMsMax} ms`)));
      sent.on('error', (cause: NodeJS.ErrnoException) => {
        if (signal?.aborted === true) reject(signal.reason as Error);
        else reject(new LostRequest(cause, repeatable && sent.reusedSocket && cause.code === 'ECONNRESET'));
      });
      sent.on('response', (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', (cause) =>
          reject(signal?.aborted === true ? (signal.reason as Error) : new LostRequest(cause, false)),
        );
        response.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          if (response.statusCode === 200) resolve(text);
          else reject(refused(text, response.headers, response.statusCode ?? 0));
        });
      });
      for (const piece of body) sent.write(piece);
      sent.end();
    });

  return {
    send: async (sent) => {
      sent.signal?.throwIfAborted();
      try {
        return await attempt(sent);
      } catch (cause) {
        if (cause instanceof LostRequest && cause.again) return attempt(sent);
        throw cause;
      }
    },

    // on a connection of its own: busy inserts must not make a living server look dead
    ping: (timeoutMs) =>
      new Promise((resolve) => {
        const asked = request({ ...target, path: `${path}ping`, agent: false, timeout: timeoutMs });
        asked.on('timeout', () => asked.destroy());
        asked.on('error', () => resolve(false));
        asked.on('close', () => resolve(false));
        asked.on('response', (response) => {
          response.resume();
          resolve(response.statusCode === 200);
        });
        asked.end();
      }),

    close: () => agent.destroy(),
  };
}

/** No answer of the server: refused, reset, timed out. */
class LostRequest extends TablesError {
  constructor(
    cause: Error,
    readonly again: boolean,
  ) {
    super(0, cause.message, true, { cause });
  }
}

function refused(body: string, headers: http.IncomingHttpHeaders, status: number): TablesError {
  const code = Number(headers['x-clickhouse-exception-code'] ?? /^Code: (\d+)\./.exec(body)?.[1] ?? 0);
  const detail = body.trim() === '' ? `HTTP status ${status}` : body.trim();
  return new TablesError(code, detail, code === 0 ? status >= 500 : isRetriableCode(code));
}
