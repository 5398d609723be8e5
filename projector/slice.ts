/** A slice: contiguous offsets of one partition that go into the tables together, under tokens made of its bounds. */
import type { PartitionRef } from '../events/event-log.js';

export interface Bounds {
  readonly first: number;
  /** Inclusive. */
  readonly last: number;
}

/** One block on its way into a table. */
export interface TableInsert {
  readonly table: string;
  readonly block: readonly Uint8Array[];
  /** Tells blocks of one slice and table apart. */
  readonly part?: number;
}

/** What a replay of the same slice repeats, and nothing else has. */
export const sliceToken = (epoch: string, at: PartitionRef, bounds: Bounds, part: number | string): string =>
  `${epoch}/${at.topic}/${String(at.partition)}/${String(bounds.first)}-${String(bounds.last)}/${String(part)}`;

/** A slice that has been read and projected. */
export interface SliceWork {
  readonly bounds: Bounds;
  /** Blocks are made as they are taken. */
  readonly inserts: Iterable<TableInsert>;
  /** Called when it is wholly in the tables and recorded as done. */
  settled(): Promise<void>;
}

/** A sentence for people about why projecting cannot go on; trying again does not help. */
export class ProjectionStopped extends Error {
  constructor(readonly because: string) {
    super(because);
    this.name = 'ProjectionStopped';
  }
}
