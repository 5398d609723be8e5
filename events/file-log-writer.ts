/** The writer of one partition: appends that wait are written as one batch and flushed together; only then are they acknowledged. */
import { limits } from '../runtime/limits.js';
import { err, ok } from '../runtime/result.js';
import { AppendError } from './event-log.js';
import { batchBytesAtMost, encodeBatch, SEGMENT_HEADER_BYTES } from './file-log-format.js';
import type { PartitionFiles } from './file-log-partition.js';
import type { Recovered } from './file-log-recovery.js';
import { scanSegment } from './file-log-recovery.js';
import { createSegment, indexBatch, newSegment, type BatchPlace, type Segment } from './file-log-segment.js';
import type { FileOps, LogFile } from './file-ops.js';

/** Batches that are stored as they are after one that compression did not make smaller. */
const UNCOMPRESSED_RUN = 15;

interface Pending {
  readonly values: readonly Uint8Array[];
  readonly bytes: number;
  readonly resolve: (first: number) => void;
  readonly reject: (error: AppendError) => void;
}

interface Active {
  readonly segment: Segment;
  readonly file: LogFile;
}

/**
 * What has to happen before the next write. `cut`: a write failed, bytes behind the tail may be there. `verify`: a flush
 * failed, the kernel may have dropped pages, so the file is opened anew, read through and never appended to again.
 * `roll`: the next batch goes into a new segment. `lost`: acknowledged records are gone; nothing is appended any more.
 */
type Need = 'nothing' | 'cut' | 'verify' | 'roll' | 'lost';

export interface WriterOptions {
  readonly ops: FileOps;
  readonly dir: string;
  readonly files: PartitionFiles;
  readonly recovered: Recovered['active'];
  readonly segmentBytes: number;
  /** Called after every flush, before the appends in it are acknowledged. */
  readonly onDurable: (head: number) => void;
}

export class PartitionWriter {
  /** Where the next batch goes; its offset is the head. */
  tail: BatchPlace;
  private active: Active | undefined;
  private need: Need = 'nothing';
  private queue: Pending[] = [];
  private running: Promise<void> | undefined;
  private uncompressedLeft = 0;

  constructor(private readonly options: WriterOptions) {
    this.tail = options.recovered?.tail ?? { offset: 0, position: SEGMENT_HEADER_BYTES, valueBytesBefore: 0 };
  }

  append(values: readonly Uint8Array[], bytes: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.queue.push({ values, bytes, resolve, reject });
      this.running ??= this.drain();
    });
  }

  /** Waits for what is queued, then lets go of the file. */
  async close(): Promise<void> {
    await this.running;
    await this.active?.file.close();
    this.active = undefined;
  }

  private async drain(): Promise<void> {
    // one turn, so that appends of the same tick share a flush
    await Promise.resolve();
    while (this.queue.length > 0) {
      const joined = this.takeJoined();
      const values = joined.length === 1 ? (joined[0]?.values ?? []) : joined.flatMap((pending) => pending.values);
      const outcome = await this.flush(values).then(ok, (error: unknown) => err(this.failure(error)));
      if (outcome.ok) this.options.onDurable(this.tail.offset);
      let first = outcome.ok ? outcome.value : 0;
      for (const pending of joined) {
        if (outcome.ok) pending.resolve(first);
        else pending.reject(outcome.error);
        first += pending.values.length;
      }
    }
    this.running = undefined;
  }

  /** The appends that go into the next batch: what waits, up to `logBatchBytes`, at least one. */
  private takeJoined(): Pending[] {
    let bytes = 0;
    let count = 0;
    for (const pending of this.queue) {
      bytes += pending.bytes;
      if (count > 0 && bytes > limits.logBatchBytes) break;
      count++;
    }
    return this.queue.splice(0, count);
  }

  /** Makes one batch durable and gives the offset of its first record. */
  private async flush(values: readonly Uint8Array[]): Promise<number> {
    const first = this.tail.offset;
    const { segment, file } = await this.ready(batchBytesAtMost(values));
    const batch = await encodeBatch(first, values, this.uncompressedLeft === 0);
    this.uncompressedLeft = batch.paid ? Math.max(0, this.uncompressedLeft - 1) : UNCOMPRESSED_RUN;
    this.need = 'cut';
    await file.write(batch.buffers, this.tail.position);
    this.need = 'verify';
    await file.fdatasync();
    this.need = 'nothing';
    indexBatch(segment, this.tail);
    this.tail = {
      offset: first + values.length,
      position: this.tail.position + batch.bytes,
      valueBytesBefore: this.tail.valueBytesBefore + values.reduce((sum, value) => sum + value.length, 0),
    };
    return first;
  }

  /** The file to write to, sound and with room. */
  private async ready(bytes: number): Promise<Active> {
    const { recovered, ops } = this.options;
    if (this.need === 'lost') throw new Error('acknowledged records are missing from the file');
    if (this.active === undefined && recovered !== undefined) {
      const { segment } = recovered;
      this.active = { segment, file: await ops.open(segment.file, 'update') };
    }
    if (this.active === undefined) return this.roll();
    if (this.need === 'cut') await this.cut(this.active.file);
    if (this.need === 'verify') await this.verify(this.active);
    const full = this.tail.position > SEGMENT_HEADER_BYTES && this.tail.position + bytes > this.options.segmentBytes;
    return full || this.need === 'roll' ? this.roll() : this.active;
  }

  private async cut(file: LogFile): Promise<void> {
    await file.truncate(this.tail.position);
    this.need = 'verify';
    await file.fdatasync();
    this.need = 'nothing';
  }

  /** After a failed flush: reads the file anew, cuts what was not acknowledged, and leaves it for a new segment. */
  private async verify(active: Active): Promise<void> {
    const { ops } = this.options;
    const { segment } = active;
    const file = await ops.open(segment.file, 'update');
    await active.file.close().catch(() => undefined);
    this.active = { segment, file };
    await file.truncate(this.tail.position);
    const found = await scanSegment(file, newSegment('', segment));
    if (found.tail.offset !== this.tail.offset) {
      this.need = 'lost';
      throw new Error('acknowledged records are missing from the file');
    }
    await file.fdatasync();
    this.need = 'roll';
  }

  /** Starts a new segment at the head; its name is durable before anything is written to it. */
  private async roll(): Promise<Active> {
    const { ops, dir, files } = this.options;
    this.need = 'roll';
    const made = newSegment(dir, { first: this.tail.offset, valueBytesBefore: this.tail.valueBytesBefore });
    const file = await createSegment(ops, made);
    await this.active?.file.close().catch(() => undefined);
    this.active = { segment: files.add(made), file };
    this.tail = { ...this.tail, position: SEGMENT_HEADER_BYTES };
    this.need = 'nothing';
    return this.active;
  }

  private failure(error: unknown): AppendError {
    const reason = error instanceof Error ? error.message : String(error);
    const lost = this.need === 'lost';
    return new AppendError(`the log could not be written: ${reason}`, !lost, { cause: error });
  }
}
