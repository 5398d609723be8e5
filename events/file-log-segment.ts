/** A segment file that can be read: its place in the partition, a sparse index of its batches, and windows over its bytes. */
import path from 'node:path';
import { limits } from '../runtime/limits.js';
import {
  BATCH_HEADER_BYTES,
  decodeSegmentHeader,
  encodeSegmentHeader,
  ownBuffer,
  readBatchHeader,
  SEGMENT_HEADER_BYTES,
  type BatchHeader,
  type SegmentHeader,
} from './file-log-format.js';
import type { FileOps, LogFile } from './file-ops.js';

const NAME = /^(\d{16})\.log$/;

export const segmentName = (first: number): string => `${String(first).padStart(16, '0')}.log`;

/** First offset of a segment by its file name; undefined for other files. */
export function segmentFirst(name: string): number | undefined {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** A place in a segment where a batch starts. */
export interface BatchPlace {
  readonly offset: number;
  readonly position: number;
  /** Bytes of all values in the partition before it. */
  readonly valueBytesBefore: number;
}

export interface Segment extends SegmentHeader {
  readonly file: string;
  /** Batches that have been passed, one per `logIndexIntervalBytes`, in order; the first one is always there. */
  readonly index: BatchPlace[];
}

export function newSegment(dir: string, header: SegmentHeader): Segment {
  const { first, valueBytesBefore } = header;
  const start: BatchPlace = { offset: first, position: SEGMENT_HEADER_BYTES, valueBytesBefore };
  return { first, valueBytesBefore, file: path.join(dir, segmentName(first)), index: [start] };
}

/** Remembers a batch when it is far enough from the one remembered last. */
export function indexBatch(segment: Segment, place: BatchPlace): void {
  const last = segment.index.at(-1);
  if (last === undefined || place.position - last.position >= limits.logIndexIntervalBytes) segment.index.push(place);
}

/** Index of the last item whose `key` is at most `offset`; -1 when there is none. Items are in ascending order. */
export function lastAtMost<T>(items: readonly T[], offset: number, key: (item: T) => number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && key(item) <= offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The header of a segment file; undefined when it is torn. */
export async function readSegmentHeader(ops: FileOps, file: string): Promise<SegmentHeader | undefined> {
  const opened = await ops.open(file, 'read');
  try {
    const bytes = ownBuffer(SEGMENT_HEADER_BYTES);
    const filled = await opened.read(bytes, 0);
    return decodeSegmentHeader(bytes.subarray(0, filled));
  } finally {
    await opened.close();
  }
}

/** Makes an empty segment whose header and name are durable; an earlier attempt of the same name is emptied. */
export async function createSegment(ops: FileOps, segment: Segment): Promise<LogFile> {
  const file = await ops.open(segment.file, 'create');
  try {
    await file.write([encodeSegmentHeader(segment)], 0);
    await file.fdatasync();
    await ops.syncDir(path.dirname(segment.file));
    return file;
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}

/** Moves over a file in windows; positions are multiples of 8, so what lies at one is aligned in its buffer. */
export class FileWindow {
  bytes: Buffer = Buffer.alloc(0);
  private start = 0;
  private kept = false;

  constructor(
    private readonly file: LogFile,
    private readonly windowBytes: number,
  ) {}

  /** Views of the buffer were handed out: the next window needs a buffer of its own. */
  keep(): void {
    this.kept = true;
  }

  /** Index in `bytes` of the file's `length` bytes from `position`; undefined when the file ends before. */
  async at(position: number, length: number): Promise<number | undefined> {
    const index = position - this.start;
    if (index >= 0 && index + length <= this.bytes.length) return index;
    const wanted = Math.max(length, this.windowBytes);
    const room =
      !this.kept && this.bytes.buffer.byteLength >= wanted ? Buffer.from(this.bytes.buffer) : ownBuffer(wanted);
    this.bytes = room.subarray(0, await this.file.read(room.subarray(0, wanted), position));
    this.start = position;
    this.kept = false;
    return length <= this.bytes.length ? 0 : undefined;
  }

  /** The batch header at `position`, and the batch as a whole in the window; undefined when there is none or it is cut short. */
  async batch(position: number, wholly: boolean): Promise<{ at: number; header: BatchHeader } | undefined> {
    const head = await this.at(position, BATCH_HEADER_BYTES);
    if (head === undefined) return undefined;
    const header = readBatchHeader(this.bytes, head);
    if (header === undefined) return undefined;
    if (!wholly) return { at: head, header };
    const at = await this.at(position, header.bytes);
    return at === undefined ? undefined : { at, header };
  }
}
