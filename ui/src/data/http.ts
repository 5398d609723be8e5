/** The one way to ask the server: JSON in and out, problems as values of one class, and patience (with a visible sign) when it is away. */
import type { ProblemBody } from '../../../runtime/problem.js';
import type { UiClock } from '../clock.js';

/** An answer that a retry would not change. */
export class ApiFailure extends Error {
  constructor(readonly problem: ProblemBody) {
    super(problem.detail);
    this.name = 'ApiFailure';
  }
}

/** What is wrong with the connection while requests wait for their next try. */
export interface Trouble {
  readonly reason: string;
  /** When the next try is due, ms since the epoch. */
  readonly retryAt: number;
  readonly attempt: number;
}

export interface HttpDeps {
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>;
  readonly clock: UiClock;
  /** Told at each failed try, and with undefined once nothing waits any more. */
  readonly onTrouble: (trouble: Trouble | undefined) => void;
}

export interface Http {
  /** Rejects with ApiFailure, or with the signal's reason when it is aborted; else it waits until the server is back. */
  ask<T>(method: 'GET' | 'POST', path: string, options?: { body?: unknown; signal?: AbortSignal }): Promise<T>;
}

const firstWaitMs = 500;
const longestWaitMs = 15_000;

export function createHttp({ fetch, clock, onTrouble }: HttpDeps): Http {
  let waiting = 0;

  async function pause(attempt: number, reason: string, askedMs: number, signal?: AbortSignal): Promise<void> {
    const doubled = Math.min(longestWaitMs, firstWaitMs * 2 ** attempt);
    const wait = Math.max(askedMs, doubled * (0.75 + clock.random() / 2));
    waiting += 1;
    onTrouble({ reason, retryAt: clock.now() + wait, attempt: attempt + 1 });
    try {
      await new Promise<void>((resolve, reject) => {
        const stop = () => {
          cancel();
          reject(signal?.reason as Error);
        };
        const cancel = clock.after(wait, () => {
          signal?.removeEventListener('abort', stop);
          resolve();
        });
        signal?.addEventListener('abort', stop, { once: true });
      });
    } finally {
      waiting -= 1;
      if (waiting === 0 && signal?.aborted === true) onTrouble(undefined);
    }
  }

  return {
    async ask<T>(method: 'GET' | 'POST', path: string, options: { body?: unknown; signal?: AbortSignal } = {}) {
      const { body, signal } = options;
      const init: RequestInit = { method, headers: { accept: 'application/json' }, signal: signal ?? null };
      if (body !== undefined) {
        init.headers = { ...init.headers, 'content-type': 'application/json' };
        init.body = JSON.stringify(body);
      }
      for (let attempt = 0; ; attempt++) {
        signal?.throwIfAborted();
        const outcome = await once(fetch, path, init, signal);
        if ('value' in outcome) {
          if (waiting === 0) onTrouble(undefined);
          return outcome.value as T;
        }
        await pause(attempt, outcome.reason, outcome.waitMs, signal);
      }
    },
  };
}

type Outcome = { readonly value: unknown } | { readonly reason: string; readonly waitMs: number };

async function once(fetch: HttpDeps['fetch'], path: string, init: RequestInit, signal?: AbortSignal): Promise<Outcome> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, init);
    text = await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    return { reason: `The server does not answer (${error instanceof Error ? error.message : 'no connection'}).`, waitMs: 0 };
  }
  const parsed = parseJson(text);
  if (response.ok && parsed !== undefined) return { value: parsed };
  const problem = problemOf(response, parsed);
  if (!problem.retriable) throw new ApiFailure(problem);
  return { reason: problem.detail, waitMs: 1000 * (Number(response.headers.get('retry-after')) || 0) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The problem of an answer; one is made up where a proxy or a crash answered instead of the server. */
function problemOf(response: Response, parsed: unknown): ProblemBody {
  if (typeof parsed === 'object' && parsed !== null && 'code' in parsed && 'detail' in parsed) return parsed as ProblemBody;
  return {
    type: 'about:blank',
    title: 'unexpected answer',
    status: response.status,
    code: 'internal',
    detail: `The server answered with status ${String(response.status)} and no explanation.`,
    retriable: [429, 502, 503, 504].includes(response.status),
  };
}
