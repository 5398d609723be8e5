/**
 * The data of one chart: fetched once, kept level by deltas while points come in, fetched whole where a delta would not be exact.
 * Nothing here draws.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { LiveEvent, SeriesAnswer } from '../../../query/api.js';
import type { UiClock } from '../clock.js';
import type { SeriesQuestion } from '../data/api.js';
import { createThrottle, type Throttle } from '../data/throttle.js';
import { deltaStart, mergeDelta } from './series-delta.js';

export interface FeedState {
  readonly answer: SeriesAnswer | undefined;
  readonly failure: Error | undefined;
  readonly loading: boolean;
}

export interface FeedDeps {
  readonly series: (question: SeriesQuestion, signal: AbortSignal) => Promise<SeriesAnswer>;
  readonly clock: UiClock;
}

const liveIntervalMs = 1000;

export class SeriesFeed {
  readonly #state = signal<FeedState>({ answer: undefined, failure: undefined, loading: true });
  readonly #stop = new AbortController();
  readonly #throttle: Throttle;
  readonly #deps: FeedDeps;
  readonly #question: SeriesQuestion;
  /** Runs with points that the answer does not have, and what is said of them; `all` when a whole fetch is due. */
  #behind: Map<string, Progress> | 'all' = 'all';
  /** Set when whole answers count otherwise than events do: then counts prove nothing. */
  #countsDiffer = false;

  /** `initial` is shown until the first answer: what the chart showed for the question before. */
  constructor(deps: FeedDeps, question: SeriesQuestion, initial?: SeriesAnswer) {
    this.#deps = deps;
    this.#question = question;
    this.#state.value = { answer: initial, failure: undefined, loading: true };
    this.#throttle = createThrottle(deps.clock, liveIntervalMs, () => this.#catchUp());
    this.#throttle.trigger();
  }

  get state(): ReadonlySignal<FeedState> {
    return this.#state;
  }

  /** Takes note of new points of this chart's runs and keys. */
  hear(event: LiveEvent): void {
    const { runs, keys } = this.#question;
    const concerned = event.points.filter((point) => runs.includes(point.run) && keys.includes(point.key));
    if (concerned.length === 0) return;
    if (this.#behind !== 'all')
      for (const { run, lastStep, count } of concerned) this.#behind.set(run, { lastStep, count });
    this.#throttle.trigger();
  }

  /** Something may have been missed. */
  refetch(): void {
    this.#behind = 'all';
    this.#throttle.trigger();
  }

  stop(): void {
    this.#throttle.stop();
    this.#stop.abort();
  }

  async #catchUp(): Promise<void> {
    const behind = this.#behind;
    const { answer } = this.#state.value;
    this.#behind = new Map();
    try {
      const merged = behind === 'all' || answer === undefined ? undefined : await this.#delta(answer, behind);
      const next = merged ?? (await this.#deps.series(this.#question, this.#stop.signal));
      if (merged === undefined && behind !== 'all') this.#countsDiffer = !hasAll(next, behind);
      this.#state.value = { answer: next, failure: undefined, loading: false };
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#behind = 'all';
      this.#state.value = { ...this.#state.value, failure: error as Error, loading: false };
    }
  }

  /** Undefined where only a whole fetch is right: zoomed charts, time as x, new series, a coarser grid, late points, a rewind. */
  async #delta(answer: SeriesAnswer, behind: ReadonlyMap<string, Progress>): Promise<SeriesAnswer | undefined> {
    const { x, from, to, keys, buckets } = this.#question;
    if (x !== 'step' || from !== undefined || to !== undefined) return undefined;
    const known = new Set(answer.series.map((series) => series.run));
    const runs = [...behind.keys()];
    if (!runs.every((run) => known.has(run))) return undefined;
    if (runs.some((run) => (behind.get(run)?.lastStep ?? 0) < (deltaStart(answer, new Set([run])) ?? 0)))
      return undefined;
    const start = deltaStart(answer, new Set(runs));
    if (start === undefined) return undefined;
    const delta = await this.#deps.series({ runs, keys, x, from: start, buckets }, this.#stop.signal);
    const merged = mergeDelta(answer, delta, start, 2 * buckets);
    return merged === undefined || this.#countsDiffer || hasAll(merged, behind) ? merged : undefined;
  }
}

interface Progress {
  readonly lastStep: number;
  readonly count: number;
}

/** Whether the answer holds as many points of each run as were announced: fewer means that some came late, behind the newest cell. */
function hasAll(answer: SeriesAnswer, announced: ReadonlyMap<string, Progress>): boolean {
  const counts = new Map<string, number>();
  for (const series of answer.series) {
    const points = series.raw ? series.last.length : (series.count ?? []).reduce((sum, count) => sum + count, 0);
    counts.set(series.run, (counts.get(series.run) ?? 0) + points);
  }
  return [...announced].every(([run, { count }]) => (counts.get(run) ?? 0) >= count);
}
