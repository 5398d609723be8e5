/** One partition of the log folder as a reader sees it: its segments, the files open for reading, records from an offset on. */
import path from 'node:path';
import { limits } from '../runtime/limits.js';
import type { LogRecord } from './event-log.js';
import { batchRecords, type SegmentHeader } from './file-log-format.js';
import {
  FileWindow,
  indexBatch,
  lastAtMost,
  newSegment,
  readSegmentHeader,
  segmentFirst,
  type BatchPlace,
  type Segment,
} from './file-log-segment.js';
import { isErrno, type FileOps, type LogFile } from './file-ops.js';

/** Durable records that can not be read back: a broken disk, or files changed by hand. */
export class LogCorruptError extends Error {
  constructor(file: string, position: number) {
    super(`the log is corrupt: ${file} holds no whole batch at byte ${String(position)}`);
    this.name = 'LogCorruptError';
  }
}

const WINDOW_BYTES_MIN = limits.logIndexIntervalBytes;
const WINDOW_BYTES_MAX = 1024 * 1024;
const OPEN_FILES_MAX = 2;

interface OpenSegment {
  readonly segment: Segment;
  readonly file: Promise<LogFile>;
  users: number;
  forgotten: boolean;
}

export class PartitionFiles {
  private segments: Segment[] = [];
  private readonly open: OpenSegment[] = [];
  /** The batch that the last read stopped in, so that small reads do not unpack it again and again. */
  private partly: readonly LogRecord[] = [];

  constructor(
    private readonly ops: FileOps,
    readonly dir: string,
  ) {}

  /** First offset of the oldest segment, 0 when there is none. */
  get first(): number {
    return this.segments[0]?.first ?? 0;
  }

  /** Adds a segment behind the others and gives it; one that is known already is given as it is. */
  add(segment: Segment): Segment {
    const last = this.segments.at(-1);
    if (last !== undefined && last.first >= segment.first) return this.startingAt(segment.first) ?? segment;
    this.segments.push(segment);
    return segment;
  }

  /** Adds the segments that came to be since the last look. */
  async refresh(): Promise<void> {
    const known = this.segments.at(-1)?.first ?? -1;
    const names = await this.ops.list(this.dir);
    const firsts = names.map(segmentFirst).filter((first) => first !== undefined && first > known);
    for (const first of firsts.sort((a, b) => (a ?? 0) - (b ?? 0))) {
      const { file } = newSegment(this.dir, { first: first ?? 0, valueBytesBefore: 0 });
      let header: SegmentHeader | undefined;
      try {
        header = await readSegmentHeader(this.ops, file);
      } catch (error) {
        if (isErrno(error, 'ENOENT')) continue; // trimmed away meanwhile
        throw error;
      }
      if (header === undefined || header.first !== first) return;
      this.add(newSegment(this.dir, header));
    }
  }

  /** Forgets the segments that hold nothing from `offset` on, gives their files; the last segment stays. */
  forgetBelow(offset: number): string[] {
    const keep = Math.max(
      0,
      lastAtMost(this.segments, offset, (segment) => segment.first),
    );
    const forgotten = this.segments.splice(0, keep);
    for (const opened of [...this.open]) {
      if (forgotten.includes(opened.segment)) this.forget(opened);
    }
    return forgotten.map((segment) => segment.file);
  }

  close(): void {
    for (const opened of [...this.open]) this.forget(opened);
  }

  /** Records from `offset` (which is not below the first segment) up to `head`, at least one, about `bytesMax`. */
  async read(offset: number, head: number, bytesMax: number): Promise<readonly LogRecord[]> {
    const after = offset - (this.partly[0]?.offset ?? 0);
    if (after >= 0 && after < this.partly.length) return this.taken([], this.partly, after, bytesMax);
    const found: LogRecord[] = [];
    let segment = this.segmentOf(offset) ?? (await this.refreshedSegmentOf(offset));
    let place = placeBefore(segment, offset);
    while (place.offset < head) {
      const passed = await this.readSegment(segment, place, { found, offset, head, bytesMax });
      if (found.length > 0 || passed.offset >= head) break;
      const next = this.startingAt(passed.offset) ?? (await this.refreshed(passed.offset));
      if (next === undefined) throw new LogCorruptError(segment.file, passed.position);
      segment = next;
      place = placeBefore(segment, passed.offset);
    }
    return found;
  }

  /** Bytes of value before `offset`, exact where a batch is indexed and interpolated between; `head` is where the last segment ends. */
  valueBytesBefore(offset: number, head: BatchPlace | undefined): number {
    const at = lastAtMost(this.segments, offset, (segment) => segment.first);
    const segment = this.segments[at];
    if (segment === undefined) return this.segments[0]?.valueBytesBefore ?? 0;
    const entry = lastAtMost(segment.index, offset, (place) => place.offset);
    const before = segment.index[entry];
    const following = segment.index[entry + 1] ?? this.segments[at + 1]?.index[0] ?? head;
    if (before === undefined) return segment.valueBytesBefore;
    if (following === undefined || following.offset <= before.offset) return before.valueBytesBefore;
    const share = Math.min(1, (offset - before.offset) / (following.offset - before.offset));
    return Math.round(before.valueBytesBefore + share * (following.valueBytesBefore - before.valueBytesBefore));
  }

  /** The last batch that this reader has passed or been told of. */
  lastPlace(): BatchPlace | undefined {
    return this.segments.at(-1)?.index.at(-1);
  }

  /** Reads on in one segment until enough is found, the head is reached or the segment ends; gives the place behind what it passed. */
  private async readSegment(
    segment: Segment,
    from: BatchPlace,
    want: { found: LogRecord[]; offset: number; head: number; bytesMax: number },
  ): Promise<BatchPlace> {
    const opened = this.acquire(segment);
    try {
      const window = new FileWindow(
        await opened.file,
        Math.min(Math.max(want.bytesMax, WINDOW_BYTES_MIN), WINDOW_BYTES_MAX),
      );
      let room = want.bytesMax;
      let place = from;
      while (place.offset < want.head && room > 0) {
        if (place.offset > segment.first && this.startingAt(place.offset) !== undefined) break;
        const peeked = await window.batch(place.position, false);
        if (peeked?.header.first !== place.offset || peeked === undefined) break;
        const { header } = peeked;
        indexBatch(segment, place);
        if (header.first + header.records > want.offset) {
          const whole = await window.batch(place.position, true);
          const records = whole === undefined ? undefined : batchRecords(window.bytes, whole.at, header);
          if (records === undefined) throw new LogCorruptError(segment.file, place.position);
          if (!header.lz4) window.keep();
          const before = want.found.length;
          this.taken(want.found, records, Math.max(0, want.offset - header.first), room);
          for (let i = before; i < want.found.length; i++) room -= want.found[i]?.value.length ?? 0;
          if (want.found.length - before < records.length - Math.max(0, want.offset - header.first)) break;
        }
        place = {
          offset: header.first + header.records,
          position: place.position + header.bytes,
          valueBytesBefore: place.valueBytesBefore + header.valueBytes,
        };
      }
      return place;
    } finally {
      this.release(opened);
    }
  }

  /** Moves records of a batch into `found`, at least one in all, while they fit; remembers the batch when some stay behind. */
  private taken(found: LogRecord[], batch: readonly LogRecord[], from: number, room: number): LogRecord[] {
    let left = room;
    let next = from;
    for (let record = batch[next]; record !== undefined; record = batch[++next]) {
      left -= record.value.length;
      if (left < 0 && found.length > 0) break;
      found.push(record);
    }
    this.partly = next < batch.length ? batch : [];
    return found;
  }

  private segmentOf(offset: number): Segment | undefined {
    return this.segments[lastAtMost(this.segments, offset, (segment) => segment.first)];
  }

  private async refreshedSegmentOf(offset: number): Promise<Segment> {
    await this.refresh();
    const segment = this.segmentOf(offset);
    if (segment === undefined) throw new LogCorruptError(this.dir, 0);
    return segment;
  }

  private startingAt(offset: number): Segment | undefined {
    const segment = this.segmentOf(offset);
    return segment?.first === offset ? segment : undefined;
  }

  private async refreshed(offset: number): Promise<Segment | undefined> {
    await this.refresh();
    return this.startingAt(offset);
  }

  private acquire(segment: Segment): OpenSegment {
    let opened = this.open.find((candidate) => candidate.segment === segment);
    if (opened === undefined) {
      const added = { segment, file: this.ops.open(segment.file, 'read'), users: 0, forgotten: false };
      this.open.push(added);
      added.file.catch(() => {
        if (!added.forgotten) this.forget(added);
      });
      opened = added;
      const oldest = this.open.find((candidate) => candidate.users === 0 && candidate !== opened);
      if (this.open.length > OPEN_FILES_MAX && oldest !== undefined) this.forget(oldest);
    }
    opened.users++;
    return opened;
  }

  private release(opened: OpenSegment): void {
    opened.users--;
    if (opened.forgotten && opened.users === 0) closeQuietly(opened.file);
  }

  /** Closes a file as soon as nobody reads it: the number of an open file must not be reused under a running read. */
  private forget(opened: OpenSegment): void {
    if (opened.forgotten) return;
    this.open.splice(this.open.indexOf(opened), 1);
    opened.forgotten = true;
    if (opened.users === 0) closeQuietly(opened.file);
  }
}

function placeBefore(segment: Segment, offset: number): BatchPlace {
  const place = segment.index[lastAtMost(segment.index, offset, (entry) => entry.offset)];
  if (place === undefined) throw new LogCorruptError(segment.file, 0);
  return place;
}

/** A file that was only read has nothing to lose when closing it fails. */
function closeQuietly(file: Promise<LogFile>): void {
  file.then((opened) => opened.close()).catch(() => undefined);
}

export const partitionDir = (dir: string, at: { readonly topic: string; readonly partition: number }): string =>
  path.join(dir, `${at.topic}-${String(at.partition)}`);
