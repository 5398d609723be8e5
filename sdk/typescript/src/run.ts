/** A run being logged: `log` appends to a buffer and returns at once; a background sender does the rest. */
import { PointBuffer } from './point-buffer.js';
import { Sender } from './sender.js';

export type Scalar = number | bigint | boolean;
export interface Metrics {
  readonly [key: string]: Scalar | Metrics;
}
export type ParamValue = string | number | boolean | null;
export interface Params {
  readonly [key: string]: ParamValue | Params | readonly unknown[];
}

export interface InitOptions {
  /** Which experiment the run belongs to; it comes to be on first use. */
  readonly experiment: string;
  /** Where the server is. Default: RUNLOG_URL, or http://127.0.0.1:5050. */
  readonly url?: string;
  readonly apiKey?: string;
  readonly workspace?: string;
  /** Id of the run; one is made when left out. The same id again continues the run. */
  readonly id?: string;
  readonly name?: string;
  readonly group?: string;
  readonly jobType?: string;
  readonly config?: Params;
  readonly tags?: Readonly<Record<string, string>>;
  /** Git commit, packages, seeds and whatever else describes where the run comes from. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** `disabled` accepts every call and does nothing. */
  readonly mode?: 'online' | 'disabled';
  /** Where messages about trouble go. Default: console.warn. */
  readonly onTrouble?: (message: string) => void;
}

export type FinalStatus = 'completed' | 'failed' | 'killed';

export interface FinishReport {
  /** Everything that was logged is acknowledged by the server. */
  readonly complete: boolean;
  readonly sentPoints: number;
  readonly droppedPoints: number;
  readonly rejectedPoints: number;
  /** A read given this position sees everything that was acknowledged; undefined when nothing was. */
  readonly position: string | undefined;
}

const flushEveryMs = 1000;
const flushBytes = 1 << 20;
const queueBytesMax = 64 << 20;
const heartbeatEveryMs = 30_000;

const json = 'application/json';

/** Nested objects become paths: `{train: {loss: 1}}` is `train/loss`. */
function* flatten(values: object, separator: string, prefix = ''): Generator<[string, unknown]> {
  for (const [key, value] of Object.entries(values)) {
    const path = prefix + key;
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      yield* flatten(value as object, separator, path + separator);
    else yield [path, value];
  }
}

const asText = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));

export class Run implements AsyncDisposable {
  readonly id: string;
  private readonly sender: Sender;
  private readonly buffer = new PointBuffer();
  private readonly writer = crypto.randomUUID();
  private readonly path: string;
  private readonly trouble: (message: string) => void;
  private readonly off: boolean;
  private readonly warned = new Set<string>();
  private readonly summaryValues = new Map<string, number>();
  private seq = 0;
  private nextStep = 0;
  private flushTimer: ReturnType<typeof setTimeout> | undefined;
  private heartbeatTimer: ReturnType<typeof setInterval> | undefined;
  private finished: Promise<FinishReport> | undefined;

  constructor(options: InitOptions & { readonly url: string }) {
    this.id = options.id ?? crypto.randomUUID();
    this.off = options.mode === 'disabled';
    this.trouble = options.onTrouble ?? ((message) => console.warn(`runlog: ${message}`));
    this.sender = new Sender({
      url: options.url.replace(/\/+$/, ''),
      apiKey: options.apiKey,
      queueBytesMax,
      onTrouble: this.trouble,
    });
    const base =
      options.workspace === undefined ? '/api/v1/runs' : `/w/${encodeURIComponent(options.workspace)}/api/v1/runs`;
    this.path = `${base}/${encodeURIComponent(this.id)}`;
    if (this.off) return;
    const { experiment, name, group, jobType, tags, context, config } = options;
    this.control('POST', base, {
      id: this.id,
      experiment,
      ...(name === undefined ? {} : { name }),
      ...(group === undefined ? {} : { group }),
      ...(jobType === undefined ? {} : { jobType }),
      ...(tags === undefined ? {} : { tags }),
      ...(context === undefined ? {} : { context }),
      ...(config === undefined ? {} : { params: this.texts(config) }),
      startedAt: Date.now(),
    });
    this.heartbeatTimer = setInterval(() => this.heartbeat(), heartbeatEveryMs);
    unref(this.heartbeatTimer);
  }

  /** The server asked for the job to stop (somebody pressed the button on the page). */
  get stopRequested(): boolean {
    return this.sender.stopAsked;
  }

  /** Logs metrics at a step (a decimal step is allowed). Without one, the step counts up by one per call. Never blocks, never throws. */
  log(metrics: Metrics, step?: number): void {
    if (this.off || this.finished !== undefined) {
      if (this.finished !== undefined) this.warnOnce('finished', 'log() after finish() is ignored');
      return;
    }
    const at = step ?? this.nextStep;
    if (typeof at !== 'number' || !Number.isFinite(at) || Math.abs(at) > Number.MAX_SAFE_INTEGER) {
      this.warnOnce('step', `a step must be a finite number up to 2^53, not ${String(at)}; the call is ignored`);
      return;
    }
    this.nextStep = Math.floor(at) + 1;
    const now = Date.now();
    for (const [key, value] of flatten(metrics, '/')) {
      if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
        this.buffer.add(key, at, now, Number(value));
      } else this.warnOnce(key, `metric ${key} is a ${typeof value}, not a number; it is ignored`);
    }
    if (this.buffer.bytes >= flushBytes) this.flush();
    else if (this.flushTimer === undefined && this.buffer.rows > 0) {
      // not unref'd: a job that ends without finish() still gets its last points out
      this.flushTimer = setTimeout(() => this.flush(), flushEveryMs);
    }
  }

  /** Sets parameters; the first value of each wins. Nested objects become dotted names. */
  config(params: Params): void {
    if (!this.off) this.control('POST', `${this.path}/params`, { params: this.texts(params) });
  }

  /** Values that stand for the whole run: numbers become the last value of that metric, text becomes a tag `summary.<key>`. */
  summary(values: Readonly<Record<string, Scalar | string>>): void {
    if (this.off) return;
    const tags: Record<string, string> = {};
    for (const [key, value] of Object.entries(values)) {
      if (typeof value === 'string') tags[`summary.${key}`] = value;
      else this.summaryValues.set(key, Number(value));
    }
    if (Object.keys(tags).length > 0) this.control('PATCH', this.path, { tags });
  }

  tags(tags: Readonly<Record<string, string | null>>): void {
    if (!this.off) this.control('PATCH', this.path, { tags });
  }

  /** Sends what is buffered and ends the run. Resolves when the server has everything, or after `deadlineMs` with `complete: false`. */
  finish(status: FinalStatus = 'completed', reason?: string, deadlineMs = 60_000): Promise<FinishReport> {
    this.finished ??= this.end(status, reason, deadlineMs);
    return this.finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.finish();
  }

  private async end(status: FinalStatus, reason: string | undefined, deadlineMs: number): Promise<FinishReport> {
    if (this.off) return { complete: true, sentPoints: 0, droppedPoints: 0, rejectedPoints: 0, position: undefined };
    clearInterval(this.heartbeatTimer);
    for (const [key, value] of this.summaryValues) this.buffer.add(key, this.nextStep, Date.now(), value);
    this.flush();
    this.control('POST', `${this.path}/finish`, {
      status,
      ...(reason === undefined ? {} : { reason }),
      at: Date.now(),
    });
    const drained = await this.sender.drain(deadlineMs);
    const counts = this.sender.counts;
    const complete = drained && counts.droppedPoints === 0 && counts.rejectedPoints === 0;
    if (!complete) {
      this.trouble(
        `run ${this.id} ended with ${String(counts.droppedPoints)} points dropped and ${String(counts.rejectedPoints)} refused`,
      );
    }
    return { complete, ...counts, position: this.sender.position };
  }

  private flush(): void {
    clearTimeout(this.flushTimer);
    this.flushTimer = undefined;
    const points = this.buffer.rows;
    if (points === 0) return;
    const body = this.buffer.take(this.writer, this.seq++) as Uint8Array<ArrayBuffer>;
    this.sender.push({
      path: `${this.path}/points`,
      method: 'POST',
      contentType: 'application/vnd.runlog.points',
      body,
      points,
    });
  }

  private heartbeat(): void {
    if (Date.now() - this.sender.lastSentAt >= heartbeatEveryMs) this.control('POST', `${this.path}/heartbeat`, {});
  }

  private control(method: 'POST' | 'PATCH', path: string, body: object): void {
    this.sender.push({
      path,
      method,
      contentType: json,
      body: JSON.stringify(body),
      idempotencyKey: crypto.randomUUID(),
      points: 0,
    });
  }

  private texts(params: Params): Record<string, string> {
    return Object.fromEntries([...flatten(params, '.')].map(([key, value]) => [key, asText(value)]));
  }

  private warnOnce(about: string, message: string): void {
    if (this.warned.has(about)) return;
    this.warned.add(about);
    this.trouble(message);
  }
}

/** Lets the process end although the timer still runs (Node); in a browser there is nothing to do. */
function unref(timer: ReturnType<typeof setTimeout>): void {
  if (typeof timer === 'object') timer.unref();
}
