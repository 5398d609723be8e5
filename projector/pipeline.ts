/** One partition's way into the tables: project → insert → commit, several slices on their way at once, completed in order. */
import type { PartitionRef } from '../events/event-log.js';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { Flight } from './cutter.js';
import type { ProjectionTables } from './projection-tables.js';
import type { SliceLedger } from './slice-ledger.js';
import { sliceToken, type Bounds, type SliceWork } from './slice.js';

export interface PipelineDeps {
  readonly epoch: string;
  readonly at: PartitionRef;
  readonly ledger: SliceLedger;
  readonly tables: ProjectionTables;
  readonly clock: Clock;
  /** The next slice, read and projected; undefined when it is time to stop. */
  readonly project: () => Promise<SliceWork | undefined>;
  /** A slice is wholly in the tables. */
  readonly onDone: (bounds: Bounds) => void;
  /** The pipeline cannot go on; called once. */
  readonly onFailure: (cause: unknown) => void;
}

export class Pipeline implements Flight {
  slices = 0;
  landedAt = -Infinity;
  tookMs = 0;
  private lander: { promise: Promise<void>; resolve: () => void } | undefined;
  private failed = false;

  constructor(private readonly deps: PipelineDeps) {}

  landing(): Promise<void> {
    if (this.lander === undefined) {
      let resolve = () => undefined as void;
      const promise = new Promise<void>((done) => (resolve = done));
      this.lander = { promise, resolve };
    }
    return this.lander.promise;
  }

  /** Resolves when the source has ended and all that was on its way is in the tables, or when it failed. Does not reject. */
  async run(): Promise<void> {
    let landed: Promise<void> = Promise.resolve();
    try {
      for (;;) {
        const work = await this.deps.project();
        if (work === undefined || this.failed) break;
        const cutAt = this.deps.clock.monotonic();
        this.slices += 1;
        await this.deps.ledger.record(work.bounds);
        const inserted = this.insert(work);
        landed = Promise.all([landed, inserted]).then(() => this.land(work, cutAt));
        landed.catch((cause: unknown) => this.fail(cause));
      }
      await landed;
    } catch (cause) {
      this.fail(cause);
    }
  }

  /** All blocks of a slice, a few at a time, in the order in which they come. */
  private async insert(work: SliceWork): Promise<void> {
    const blocks = work.inserts[Symbol.iterator]();
    const lane = async () => {
      for (let next = blocks.next(); next.done !== true; next = blocks.next()) {
        const { table, block, part } = next.value;
        const token = sliceToken(this.deps.epoch, this.deps.at, work.bounds, part ?? 0);
        await this.deps.tables.insert(table, block, token);
      }
    };
    await Promise.all(Array.from({ length: limits.insertsPerSliceMax }, lane));
  }

  private async land(work: SliceWork, cutAt: number): Promise<void> {
    await this.deps.ledger.done(work.bounds);
    this.deps.onDone(work.bounds);
    await work.settled();
    this.slices -= 1;
    this.landedAt = this.deps.clock.monotonic();
    this.tookMs = this.landedAt - cutAt;
    this.lander?.resolve();
    this.lander = undefined;
    await this.deps.ledger.commit();
  }

  private fail(cause: unknown): void {
    if (this.failed) return;
    this.failed = true;
    this.lander?.resolve();
    this.deps.onFailure(cause);
  }
}
