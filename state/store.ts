/**
 * The port of the state store: the folded state, how far it is folded, facts not yet committed, and tables of its owner's own.
 *
 * Guarantees. A batch is applied in one transaction together with its last offset and, when they are kept, its facts: after a crash
 * the store is before or after a batch, never in between. What `apply` and `write` resolved is visible to the next read
 * and survives the death of the process; after a power cut the store may be some batches behind, which the log makes good.
 * Reads are synchronous.
 *
 * Non-guarantees. One writer: `apply` is not called again before it has resolved.
 */
import type { ControlEvent } from '../events/control-event.js';
import type { StateReader } from './reader.js';
import type { Row } from './rows.js';
import type { OffsetFacts } from './types.js';

export interface BatchEntry {
  /** Above the folded offset, ascending within a batch. */
  readonly offset: number;
  /** undefined: a record that is no control event; only its offset is passed. */
  readonly event: ControlEvent | undefined;
}

/** A table of JSON values under text keys of at most 1900 bytes; its owner says what is in it. */
export interface KeyValueTable {
  get(key: string): unknown;
  /** Entries whose key begins with `prefix`, in the byte order of their keys. Not to be written to while it is gone through. */
  range(prefix: string): Iterable<[string, unknown]>;
  /** All or nothing. A value that JSON cannot hold (NaN, undefined, typed arrays) is a TypeError. */
  write(puts: readonly (readonly [string, unknown])[], removes: readonly string[]): Promise<void>;
}

export interface StateStore extends StateReader {
  /** The last folded control offset, -1 for none. */
  folded(): number;
  /** Folds the batch and gives the facts of each event. */
  apply(batch: readonly BatchEntry[], keepFacts: boolean): Promise<OffsetFacts[]>;
  /** Facts that were kept and not dropped, by ascending offset. */
  pendingFacts(): OffsetFacts[];
  dropFactsThrough(offset: number): Promise<void>;
  /** Epoch of the log that this was folded from. */
  epoch(): string | undefined;
  /** Empties the store when it was folded from another log. */
  setEpoch(epoch: string): Promise<void>;
  /** Forgets everything but the epoch, the tables included. */
  empty(): Promise<void>;
  table(name: string): KeyValueTable;
  /** Every row of the state in one order, the kept facts and own tables left out: two stores of one log are equal. */
  dump(): Row[];
  close(): Promise<void>;
}
