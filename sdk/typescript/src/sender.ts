/** Sends a run's requests in order in the background: retries with backoff, obeys Retry-After, bounds its memory and counts what it had to drop. */
import { mergePositions } from './position.js';

export interface SenderOptions {
  readonly url: string;
  readonly apiKey: string | undefined;
  /** Most bytes that may wait; what comes above it is dropped and counted. */
  readonly queueBytesMax: number;
  readonly onTrouble: (message: string) => void;
}

export interface Outgoing {
  readonly path: string;
  readonly method: 'POST' | 'PATCH';
  readonly contentType: string;
  readonly body: Uint8Array<ArrayBuffer> | string;
  /** Makes a repeat of a control request harmless; frames carry their own (writer, seq). */
  readonly idempotencyKey?: string;
  /** Points in a frame, for the counts. */
  readonly points: number;
}

export interface SenderCounts {
  sentPoints: number;
  /** Dropped because the queue was full. */
  droppedPoints: number;
  /** Refused by the server for good. */
  rejectedPoints: number;
}

const backoffFirstMs = 250;
const backoffMostMs = 15_000;
const requestTimeoutMs = 30_000;

const size = (request: Outgoing) => (typeof request.body === 'string' ? request.body.length : request.body.byteLength);

export class Sender {
  readonly counts: SenderCounts = { sentPoints: 0, droppedPoints: 0, rejectedPoints: 0 };
  /** True once the server asked the job to stop. */
  stopAsked = false;
  lastSentAt = 0;
  /** Includes every write that was acknowledged so far. */
  position: string | undefined;
  private readonly queue: Outgoing[] = [];
  private queuedBytes = 0;
  private working: Promise<void> | undefined;
  private lastTroubleAt = -Infinity;
  private wake: (() => void) | undefined;
  private abandoned = false;

  constructor(private readonly options: SenderOptions) {}

  push(request: Outgoing): void {
    if (request.points > 0 && this.queuedBytes + size(request) > this.options.queueBytesMax) {
      this.counts.droppedPoints += request.points;
      this.trouble(
        `the queue is full (is ${this.options.url} away?): ${String(this.counts.droppedPoints)} points dropped so far`,
      );
      return;
    }
    this.queue.push(request);
    this.queuedBytes += size(request);
    this.working ??= this.work().finally(() => (this.working = undefined));
  }

  /** Resolves true when everything is sent, false when the deadline came first; what is left then is abandoned. */
  async drain(deadlineMs: number): Promise<boolean> {
    if (this.working === undefined) return true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), deadlineMs)));
    const done = await Promise.race([this.working.then(() => true as const), late]);
    clearTimeout(timer);
    if (!done) {
      this.abandoned = true;
      this.wake?.();
      for (const request of this.queue) this.counts.droppedPoints += request.points;
    }
    return done;
  }

  private async work(): Promise<void> {
    for (let request = this.queue[0]; request !== undefined && !this.abandoned; request = this.queue[0]) {
      await this.deliver(request);
      if (this.abandoned) return;
      this.queue.shift();
      this.queuedBytes -= size(request);
    }
  }

  private async deliver(request: Outgoing): Promise<void> {
    for (let attempt = 0; !this.abandoned; attempt++) {
      const outcome = await this.attempt(request);
      if (outcome === 'done') {
        this.counts.sentPoints += request.points;
        return;
      }
      if (outcome === 'refused') {
        this.counts.rejectedPoints += request.points;
        return;
      }
      const backoff = Math.min(backoffMostMs, backoffFirstMs * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random());
      await this.pause(Math.max(outcome.retryAfterMs, backoff));
    }
  }

  private async attempt(request: Outgoing): Promise<'done' | 'refused' | { retryAfterMs: number }> {
    try {
      const response = await fetch(this.options.url + request.path, {
        method: request.method,
        body: request.body,
        signal: AbortSignal.timeout(requestTimeoutMs),
        headers: {
          'content-type': request.contentType,
          ...(request.idempotencyKey === undefined ? {} : { 'idempotency-key': request.idempotencyKey }),
          ...(this.options.apiKey === undefined ? {} : { authorization: `Bearer ${this.options.apiKey}` }),
        },
      });
      if (response.ok) {
        const answer = (await response.json()) as { stop?: boolean; position?: string };
        if (answer.stop === true) this.stopAsked = true;
        if (answer.position !== undefined) this.position = mergePositions(this.position, answer.position);
        this.lastSentAt = Date.now();
        return 'done';
      }
      const problem = (await response.json().catch(() => ({}))) as { detail?: string; field?: string };
      const said =
        `${request.path}: ${String(response.status)} ${problem.detail ?? ''} ${problem.field ?? ''}`.trimEnd();
      if (response.status === 429 || response.status >= 500 || response.status === 408) {
        this.trouble(`${said}; trying again`);
        return { retryAfterMs: 1000 * Number(response.headers.get('retry-after') ?? 0) || 0 };
      }
      this.trouble(`refused: ${said}`);
      return 'refused';
    } catch (error) {
      this.trouble(
        `${this.options.url} does not answer (${error instanceof Error ? error.message : String(error)}); trying again`,
      );
      return { retryAfterMs: 0 };
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** At most one message in 10 s, so that an outage does not flood the job's own output. */
  private trouble(message: string): void {
    const now = Date.now();
    if (now - this.lastTroubleAt < 10_000) return;
    this.lastTroubleAt = now;
    this.options.onTrouble(message);
  }
}
