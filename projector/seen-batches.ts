/**
 * Which batches of a partition are in the tables already: a writer's repeat is dropped, a replayed slice never drops its own.
 *
 * What is kept in the store covers exactly the slices that are done, up to `through`; slices on their way are kept beside it in
 * memory, in order. So after a crash the store is never ahead of the tables: a slice that is replayed meets the same set as
 * before and makes the same rows. When it is behind (or lost), the table `chunks` has what is missing.
 */
import type { KeyValueTable } from '../state/store.js';
import type { Batch } from './batch.js';
import { includes, withRange, type Intervals } from './intervals.js';
import type { ProjectionTables } from './projection-tables.js';
import type { Bounds } from './slice.js';

interface SliceBatches {
  readonly bounds: Bounds;
  /** Numbers per writer of a run. */
  readonly taken: Map<string, Set<number>>;
}

export class SeenBatches {
  private readonly underWay: SliceBatches[] = [];
  /** Up to where the store is, and will be when the write that is under way has landed. */
  private through = 0;
  private throughSoon = 0;

  constructor(
    private readonly table: KeyValueTable,
    private readonly partition: number,
  ) {}

  /** Brings the store to exactly the batches below `next`, where the tables are. */
  async resume(tables: ProjectionTables, next: number): Promise<void> {
    const stored = this.table.get(this.throughKey);
    let through = typeof stored === 'number' ? stored : 0;
    if (typeof stored !== 'number' || through > next) {
      through = 0;
      await this.clear();
    }
    this.through = this.throughSoon = next;
    if (through === next) return;
    for await (const page of tables.batches(this.partition, through, next)) {
      const changed = new Map<string, Intervals>();
      for (const { run, writer, seqs } of page) {
        const key = this.writerKey(run, writer);
        changed.set(key, withRange(changed.get(key) ?? this.stored(key), seqs[0] ?? 0, seqs[1] ?? 0));
      }
      await this.table.write([...changed], []);
    }
    await this.table.write([[this.throughKey, next]], []);
  }

  /** The batches of the next slice that were not seen before it nor earlier in it. */
  take(bounds: Bounds, batches: readonly Batch[]): Batch[] {
    this.checkOwner();
    const slice: SliceBatches = { bounds, taken: new Map() };
    this.underWay.push(slice);
    return batches.filter((batch) => {
      const key = this.writerKey(batch.run, batch.chunk.writer);
      const { seq } = batch.chunk;
      if (this.underWay.some(({ taken }) => taken.get(key)?.has(seq) === true)) return false;
      if (includes(this.stored(key), seq)) return false;
      const seqs = slice.taken.get(key);
      if (seqs === undefined) slice.taken.set(key, new Set([seq]));
      else seqs.add(seq);
      return true;
    });
  }

  /** The oldest slice under way is done. */
  async settle(bounds: Bounds): Promise<void> {
    const slice = this.underWay[0];
    if (slice?.bounds.first !== bounds.first) throw new Error('slices are settled in order');
    this.checkOwner();
    const puts = [...slice.taken].map(([key, seqs]): [string, unknown] => {
      let intervals = this.stored(key);
      for (const seq of seqs) intervals = withRange(intervals, seq, seq);
      return [key, intervals];
    });
    this.throughSoon = bounds.last + 1;
    await this.table.write([...puts, [this.throughKey, this.throughSoon]], []);
    this.through = this.throughSoon;
    this.underWay.shift();
  }

  /** A write of a thread that died may land late, and would make repeats look new: better to start again. */
  private checkOwner(): void {
    const stored = this.table.get(this.throughKey) ?? 0;
    if (stored !== this.through && stored !== this.throughSoon) {
      throw new Error('another thread has written to the store');
    }
  }

  private async clear(): Promise<void> {
    const keys = [...this.table.range(`${this.partitionKey}/`)].map(([key]) => key);
    await this.table.write([], [this.throughKey, ...keys]);
  }

  private stored(key: string): Intervals {
    return (this.table.get(key) as Intervals | undefined) ?? [];
  }

  private get partitionKey(): string {
    return `batches/${String(this.partition)}`;
  }

  private get throughKey(): string {
    return `through/${String(this.partition)}`;
  }

  private writerKey(run: string, writer: string): string {
    return `${this.partitionKey}/${run}/${writer}`;
  }
}
