/** Records that cannot be projected: counted against a budget, kept in a table with their reason. */
import {
  bytesColumn,
  integerColumn,
  lowCardinalityColumnOf,
  nativeBlock,
  numberColumn,
  stringColumn,
  timeColumn,
} from '../clickhouse/native.js';
import type { PartitionRef } from '../events/event-log.js';
import { limits } from '../runtime/limits.js';
import { ProjectionStopped, type TableInsert } from './slice.js';

export interface DeadLetter {
  readonly offset: number;
  readonly reason: string;
  /** Whose it is, where the record still says so; '' otherwise. */
  readonly workspace: string;
  readonly value: Uint8Array;
}

/** What all partitions share. */
export class DeadLetterBudget {
  private readonly retried: Set<string>;

  constructor(
    /** Letters in the table. */
    private letters: number,
    /** Names of the places of letters that were retried: they do not count. */
    retried: Iterable<string> = [],
    private readonly max: number = limits.deadLettersMax,
  ) {
    this.retried = new Set(retried);
  }

  get count(): number {
    return Math.max(0, this.letters - this.retried.size);
  }

  forgive(name: string): void {
    this.retried.add(name);
  }

  /** More than there may be: time to look whether some were retried meanwhile. */
  isExceededBy(letters: readonly DeadLetter[]): boolean {
    return letters.length > 0 && this.count + letters.length > this.max;
  }

  /** Takes letters of a slice on; a replayed slice may find its own in the count already, which errs on the side of stopping early. */
  spend(at: PartitionRef, letters: readonly DeadLetter[]): void {
    const last = letters.at(-1);
    if (last === undefined) return;
    if (this.isExceededBy(letters)) {
      throw new ProjectionStopped(
        `more than ${String(this.max)} records could not be projected; the next one is ${at.topic}/${String(at.partition)} offset ${String(last.offset)}: ${last.reason}. ` +
          `See "runlog dead-letters list"; retry letters whose cause is gone or raise --dead-letters-max, then start the server again`,
      );
    }
    this.letters += letters.length;
  }
}

/** `at` is when they were met; a replay may say another time, and its rows are not taken then. */
export function deadLetterInserts(ref: PartitionRef, letters: readonly DeadLetter[], at: number): TableInsert[] {
  if (letters.length === 0) return [];
  const block = nativeBlock([
    lowCardinalityColumnOf(
      'topic',
      letters.map(() => ref.topic),
    ),
    numberColumn('partition', 'UInt32', new Uint32Array(letters.length).fill(ref.partition)),
    integerColumn(
      'offset',
      'UInt64',
      letters.map(({ offset }) => offset),
    ),
    timeColumn(
      'at',
      letters.map(() => at),
    ),
    stringColumn(
      'reason',
      letters.map(({ reason }) => reason),
    ),
    bytesColumn(
      'value',
      letters.map(({ value }) => value.subarray(0, limits.deadLetterValueBytesMax)),
    ),
    lowCardinalityColumnOf(
      'workspace',
      letters.map(({ workspace }) => workspace),
    ),
    numberColumn(
      'size',
      'UInt32',
      Uint32Array.from(letters, ({ value }) => value.length),
    ),
  ]);
  return [{ table: 'dead_letters', block }];
}
