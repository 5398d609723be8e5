/** Reads a partition ahead, as far as one slice goes, and says where a slice ends. */
import type { LogRecord, PartitionRef } from '../events/event-log.js';
import { limits } from '../runtime/limits.js';
import type { Bounds } from './slice.js';
import type { ProjectorLog } from './slice-ledger.js';

export interface SliceSize {
  readonly rowsMax: number;
  readonly bytesMax: number;
}

interface Waiting {
  readonly record: LogRecord;
  readonly rows: number;
}

export class Intake {
  private waiting: Waiting[] = [];
  private rows = 0;
  private bytes = 0;

  constructor(
    private readonly log: ProjectorLog,
    readonly at: PartitionRef,
    private readonly rowsOf: (value: Uint8Array) => number,
    private readonly size: SliceSize,
    /** Offset of the next record to read. */
    private cursor: number,
  ) {}

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  /** The next record, when it has been read. */
  get first(): LogRecord | undefined {
    return this.waiting[0]?.record;
  }

  /** There is enough for a slice: reading on would only cost memory. */
  get isFull(): boolean {
    return this.rows >= this.size.rowsMax || this.bytes >= this.size.bytesMax;
  }

  /** Resolves when there is something to read, or when the signal aborts. */
  waitForRecords(signal: AbortSignal): Promise<void> {
    return this.log.waitPast(this.at, this.cursor, signal);
  }

  /** Reads until there is enough for a slice or nothing more to read. */
  async fill(): Promise<void> {
    while (!this.isFull && this.cursor < this.log.head(this.at)) await this.readOn();
  }

  /** The longest slice that what is waiting makes; at least one record. */
  bounds(): Bounds {
    const first = this.waiting[0]?.record.offset ?? this.cursor;
    let last = first - 1;
    let rows = 0;
    let bytes = 0;
    for (const { record, rows: more } of this.waiting) {
      rows += more;
      bytes += record.value.length;
      if (last >= first && (rows > this.size.rowsMax || bytes > this.size.bytesMax)) break;
      last = record.offset;
    }
    return { first, last };
  }

  /** Takes the records of a slice out, reading what is missing. */
  async take({ first, last }: Bounds): Promise<LogRecord[]> {
    while (this.cursor <= last) await this.readOn();
    const count = last - first + 1;
    const taken = this.waiting.slice(0, count);
    if (taken[0]?.record.offset !== first || taken.at(-1)?.record.offset !== last) {
      throw new Error(`a slice must begin at the next record, not at ${String(first)}`);
    }
    this.waiting = this.waiting.slice(count);
    for (const { record, rows } of taken) {
      this.rows -= rows;
      this.bytes -= record.value.length;
    }
    return taken.map(({ record }) => record);
  }

  private async readOn(): Promise<void> {
    const records = await this.log.read(this.at, this.cursor, limits.logReadBytesMax);
    for (const record of records) {
      const rows = this.rowsOf(record.value);
      this.waiting.push({ record, rows });
      this.rows += rows;
      this.bytes += record.value.length;
      this.cursor = record.offset + 1;
    }
    if (records.length === 0) throw new Error(`the log has no record at ${String(this.cursor)} below its head`);
  }
}
