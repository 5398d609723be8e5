/**
 * The port of the event log: durable, ordered, append-only partitions that the whole product is a function of.
 *
 * Vocabulary. A *topic* (`control` or `metrics`) has partitions; a *record* is opaque bytes at an *offset*, offsets of a
 * partition are dense from 0 and never reused. *Head* is the offset after the last durable record. *Start* is the first
 * offset still kept.
 *
 * Guarantees. `append` resolves only when its records are durable (embedded: after fdatasync; Kafka: acks=all), in one
 * partition in the order of the calls, a batch's records at consecutive offsets, all or none (after a crash, a batch that was not
 * acknowledged may be there in whole or not at all, never torn). A read never serves a record that is not durable or
 * whose checksum fails. A commit is durable when it resolves, and carries metadata along with the offset.
 *
 * Non-guarantees. No deduplication: a retried append may be there twice (batches and commands carry their own ids).
 * No order between partitions.
 */

export type Topic = 'control' | 'metrics';

export interface PartitionRef {
  readonly topic: Topic;
  readonly partition: number;
}

export interface LogRecord {
  readonly offset: number;
  readonly value: Uint8Array;
}

export interface Committed {
  /** The next offset to process; everything below is done. */
  readonly offset: number;
  /** At most `commitMetadataBytesMax` bytes of UTF-8. */
  readonly metadata: string;
}

/** An append that could not be made durable; nothing of it was acknowledged. `retriable` says whether a later try can work. */
export class AppendError extends Error {
  constructor(
    message: string,
    readonly retriable: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'AppendError';
  }
}

export interface EventLogReader {
  /** Changes when the log is made anew: `[0-9a-z]{1,32}`. */
  readonly epoch: string;
  /** Partitions per topic; control has exactly one. */
  partitions(topic: Topic): number;
  /** Records from `offset` on, at least one when there is one, at most about `bytesMax`; empty at the head. Throws RangeError below start. */
  read(at: PartitionRef, offset: number, bytesMax: number): Promise<readonly LogRecord[]>;
  /** The offset after the last durable record. */
  head(at: PartitionRef): number;
  /** The first offset still kept. */
  start(at: PartitionRef): number;
  /** Bytes of value in records from `offset` to the head, for back-pressure; may be approximate to a segment. */
  bytesFrom(at: PartitionRef, offset: number): number;
  /** Resolves when the head is above `offset`, or when the signal aborts. */
  waitPast(at: PartitionRef, offset: number, signal: AbortSignal): Promise<void>;
}

export interface EventLog extends EventLogReader {
  /** Appends all values at consecutive offsets and resolves with the first of them once all are durable. Rejects with AppendError. */
  append(at: PartitionRef, values: readonly Uint8Array[]): Promise<number>;
  /** Records that `group` has processed everything below `offset`. */
  commit(group: string, at: PartitionRef, offset: number, metadata: string): Promise<void>;
  committed(group: string, at: PartitionRef): Promise<Committed | undefined>;
  /** Asks where the partition ends now, records of other processes included: what a barrier over several of them waits for. */
  freshHead(at: PartitionRef): Promise<number>;
  /** Forgets records below `offset` and gives their space back (whole segments only). */
  trim(at: PartitionRef, offset: number): Promise<void>;
  close(): Promise<void>;
}

/** The one partition of control facts. */
export const CONTROL = { topic: 'control', partition: 0 } as const satisfies PartitionRef;

export const metricsPartitionsOf = (log: Pick<EventLogReader, 'partitions'>): PartitionRef[] =>
  Array.from({ length: log.partitions('metrics') }, (_, partition) => ({ topic: 'metrics', partition }));

/** All of a log, control first. */
export const partitionsOf = (log: Pick<EventLogReader, 'partitions'>): PartitionRef[] => [
  CONTROL,
  ...metricsPartitionsOf(log),
];

/** Which metrics partition a run's chunks go to: the same on every instance, for ever (FNV-1a over the text of the run's UUID). */
export function partitionOf(runUuid: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < runUuid.length; i++) {
    hash = Math.imul(hash ^ runUuid.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash % partitions;
}
