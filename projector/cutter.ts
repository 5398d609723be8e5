/** Decides when a slice is cut: soon when little comes, large under load. */
import type { Clock } from '../runtime/clock.js';
import type { Intake } from './intake.js';
import type { Bounds } from './slice.js';

export interface CutTimes {
  /** A record waits at most so long while nothing is in flight and the tables have had time to rest. */
  readonly idleMs: number;
  /** A record waits at most so long while slices are in flight. */
  readonly loadedMs: number;
}

/** What is on its way into the tables, for a cutter to look at. */
export interface Flight {
  /** Slices that are cut and not done. */
  readonly slices: number;
  /** When the last one was done, on the monotonic clock, and how long it took from cut to done. */
  readonly landedAt: number;
  readonly tookMs: number;
  /** Resolves when the next slice is done. */
  landing(): Promise<void>;
}

/** Small slices have a fixed cost: between them the tables rest for this many times as long as the last one took. */
const REST_FACTOR = 1;

export class Cutter {
  /** When the first record that waits was seen. */
  private since: number | undefined;

  constructor(
    private readonly intake: Intake,
    private readonly flight: Flight,
    private readonly times: CutTimes,
    private readonly clock: Clock,
    private readonly signal: AbortSignal,
  ) {}

  /** Bounds of the next slice; undefined when the signal aborted. */
  async next(): Promise<Bounds | undefined> {
    const { intake, clock, signal } = this;
    for (;;) {
      await intake.fill();
      if (signal.aborted) return undefined;
      if (intake.isEmpty) {
        this.since = undefined;
        await intake.waitForRecords(signal);
        continue;
      }
      this.since ??= clock.monotonic();
      const wait = this.since + this.patience() - clock.monotonic();
      if (intake.isFull || wait <= 0) {
        this.since = undefined;
        return intake.bounds();
      }
      await this.pause(wait);
    }
  }

  private patience(): number {
    const { idleMs, loadedMs } = this.times;
    if (this.flight.slices > 0) return loadedMs;
    const restsUntil = this.flight.landedAt + REST_FACTOR * this.flight.tookMs;
    return Math.min(loadedMs, Math.max(idleMs, restsUntil - (this.since ?? 0)));
  }

  /** Waits, but not past a landing, nor so long that a full slice would stand for a while. */
  private async pause(wait: number): Promise<void> {
    const timer = new AbortController();
    const stop = () => timer.abort();
    this.signal.addEventListener('abort', stop, { once: true });
    const slept = this.clock.sleep(Math.min(wait, this.times.idleMs), timer.signal);
    await (this.flight.slices > 0 ? Promise.race([slept, this.flight.landing()]) : slept);
    timer.abort();
    this.signal.removeEventListener('abort', stop);
  }
}
