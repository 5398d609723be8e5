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
  /** Runs with points that the answer does not have; `all` when a whole fetch is due. */
  #behind: Set<string> | 'all' = 'all';

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
    if (this.#behind !== 'all') for (const point of concerned) this.#behind.add(point.run);
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
    this.#behind = new Set();
    try {
      const merged = behind === 'all' || answer === undefined ? undefined : await this.#delta(answer, behind);
      const next = merged ?? (await this.#deps.series(this.#question, this.#stop.signal));
      this.#state.value = { answer: next, failure: undefined, loading: false };
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#behind = 'all';
      this.#state.value = { ...this.#state.value, failure: error as Error, loading: false };
    }
  }

  /** Undefined where only a whole fetch is right: zoomed charts, time as x, new series, a grid that has to get coarser. */
  async #delta(answer: SeriesAnswer, runs: ReadonlySet<string>): Promise<SeriesAnswer | undefined> {
    const { x, from, to, keys, buckets } = this.#question;
    if (x !== 'step' || from !== undefined || to !== undefined) return undefined;
    const known = new Set(answer.series.map((series) => series.run));
    if (![...runs].every((run) => known.has(run))) return undefined;
    const start = deltaStart(answer, runs);
    if (start === undefined) return undefined;
    const question = { runs: [...runs], keys, x, from: start, buckets };
    const delta = await this.#deps.series(question, this.#stop.signal);
    return mergeDelta(answer, delta, start, 2 * buckets);
  }
}
