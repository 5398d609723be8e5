/** Runs logged over HTTP for tests of pages: deterministic curves whose raw points the test knows. */
import { mergePositions } from '../sdk/typescript/src/position.js';

export type RawPoint = readonly [step: number, value: number];

export interface LoggedRun {
  readonly id: string;
  readonly name?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly context?: Readonly<Record<string, unknown>>;
  readonly series?: Readonly<Record<string, readonly RawPoint[]>>;
  /** ms; the server's clock without them. */
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** Left running without it. */
  readonly finish?: 'completed' | 'failed';
  readonly reason?: string;
}

export interface RunLogger {
  start(experiment: string, run: LoggedRun): Promise<void>;
  points(run: string, series: Readonly<Record<string, readonly RawPoint[]>>): Promise<void>;
  finish(run: string, status: 'completed' | 'failed', reason?: string, at?: number): Promise<void>;
  /** Resolves when a read sees everything logged so far. */
  settle(): Promise<void>;
}

const wire = (value: number) =>
  Number.isFinite(value) ? value : Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';

/** `base` is the origin with the workspace's path, if any. */
export function createRunLogger(base: string): RunLogger {
  let position: string | undefined;
  let seq = 0;

  async function send(path: string, body: unknown): Promise<void> {
    const attempt = () =>
      fetch(`${base}/api/v1${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    // a server that is busy says so; the same request again is the same one, as clients do it
    let response = await attempt();
    while (response.status === 503 || response.status === 429) response = await attempt();
    const answer = (await response.json()) as { position?: string; detail?: string };
    if (!response.ok || answer.position === undefined)
      throw new Error(`${path}: ${answer.detail ?? String(response.status)}`);
    position = mergePositions(position, answer.position);
  }

  const logger: RunLogger = {
    async start(experiment, run) {
      const { id, name, params, tags, context } = run;
      const startedAt = run.startedAt === undefined ? undefined : Math.round(run.startedAt);
      await send('/runs', { experiment, id, name, params, tags, context, startedAt });
      if (run.series !== undefined) await logger.points(id, run.series);
      if (run.finish !== undefined) await logger.finish(id, run.finish, run.reason, run.endedAt);
    },
    async points(run, series) {
      seq += 1;
      await send(`/runs/${encodeURIComponent(run)}/points`, {
        writer: 'test',
        seq,
        series: Object.entries(series).map(([key, points]) => ({
          key,
          steps: points.map(([step]) => step),
          values: points.map(([, value]) => wire(value)),
        })),
      });
    },
    async finish(run, status, reason, at) {
      await send(`/runs/${encodeURIComponent(run)}/finish`, {
        status,
        ...(reason === undefined ? {} : { reason }),
        ...(at === undefined ? {} : { at: Math.round(at) }),
      });
    },
    async settle() {
      // a read waits for its position for some seconds only, and says then that it is worth another try
      let response = await fetch(`${base}/api/v1/experiments?at=${position ?? ''}`);
      while (response.status === 503) response = await fetch(`${base}/api/v1/experiments?at=${position ?? ''}`);
      if (!response.ok) throw new Error(`the read did not get there: ${await response.text()}`);
    },
  };
  return logger;
}

/** Uniform in [0, 1) from two numbers, the same on every run of the tests. */
export function noise(seed: number, step: number): number {
  let hash = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(step + 1, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32;
}

/** A training curve: it falls (or rises) towards a floor at the pace of its learning rate, with noise that settles. */
export function curve(
  seed: number,
  steps: number,
  shape: { from: number; to: number; pace: number; spread: number },
): RawPoint[] {
  const { from, to, pace, spread } = shape;
  return Array.from({ length: steps }, (_, step): RawPoint => {
    const left = Math.exp((-step / steps) * pace);
    const value = to + (from - to) * left + (noise(seed, step) - 0.5) * spread * (0.25 + left);
    // few digits, as training scripts print them
    return [step, Number(value.toFixed(5))];
  });
}
