/** Opening a partition: the last segment is read through, what is torn at its end is cut, what stays is made durable before anybody reads it. */
import path from 'node:path';
import { limits } from '../runtime/limits.js';
import { batchIsWhole, ownBuffer, readBatchHeader, SEGMENT_HEADER_BYTES } from './file-log-format.js';
import { PartitionFiles } from './file-log-partition.js';
import {
  createSegment,
  FileWindow,
  indexBatch,
  newSegment,
  readSegmentHeader,
  segmentFirst,
  segmentName,
  type BatchPlace,
  type Segment,
} from './file-log-segment.js';
import type { FileOps, LogFile } from './file-ops.js';

const WINDOW_BYTES = limits.logBatchBytes;

/** What was taken off the end of a partition when it was opened. */
export interface Cut {
  readonly file: string;
  /** The head after the cut. */
  readonly head: number;
  readonly bytes: number;
  /** Whole batches stood behind the broken one: that is no torn append but damage, and what was cut is kept in this file. */
  readonly keptIn?: string;
}

export interface Recovered {
  readonly files: PartitionFiles;
  /** The segment to append to, and where; undefined in a partition without segments. */
  readonly active: { readonly segment: Segment; readonly tail: BatchPlace } | undefined;
  readonly cut: Cut | undefined;
}

export async function recoverPartition(ops: FileOps, dir: string): Promise<Recovered> {
  const files = new PartitionFiles(ops, dir);
  const firsts = (await ops.list(dir)).map(segmentFirst).filter((first) => first !== undefined);
  const segments: Segment[] = [];
  let cut: Cut | undefined;
  for (const first of firsts.sort((a, b) => a - b)) {
    const file = path.join(dir, segmentName(first));
    const header = await readSegmentHeader(ops, file);
    if (header?.first === first) segments.push(newSegment(dir, header));
    else if (first === Math.max(...firsts)) cut = await removeHeadless(ops, file, first);
    else throw new Error(`the log is corrupt: ${file} has no header`);
  }
  for (const segment of segments) files.add(segment);
  if (segments.length === 0 && cut !== undefined && cut.head > 0) {
    // offsets are never reused, also when the only segment is lost
    const again = newSegment(dir, { first: cut.head, valueBytesBefore: 0 });
    await (await createSegment(ops, again)).close();
    segments.push(files.add(again));
  }
  const last = segments.at(-1);
  if (last === undefined) return { files, active: undefined, cut };
  const file = await ops.open(last.file, 'update');
  try {
    const { tail, lastBatchAt } = await scanSegment(file, last);
    const size = await file.size();
    if (size > tail.position) cut = await cutTail(ops, file, last, tail, size);
    await writeAgain(file, 0, SEGMENT_HEADER_BYTES);
    await writeAgain(file, lastBatchAt, tail.position);
    await file.fdatasync();
    await ops.syncDir(dir);
    return { files, active: { segment: last, tail }, cut };
  } finally {
    await file.close();
  }
}

/**
 * What the last process wrote without a flush that went well is in the page cache at most, and after a flush that failed the
 * kernel does not write it again. That is the header of a new segment or one batch: written once more, the flush covers it.
 */
async function writeAgain(file: LogFile, from: number, to: number): Promise<void> {
  const bytes = ownBuffer(to - from);
  await file.read(bytes, from);
  await file.write([bytes], from);
}

export interface Scanned {
  /** The place behind the last whole batch. */
  readonly tail: BatchPlace;
  /** Where the last whole batch starts; the tail's position when there is none. */
  readonly lastBatchAt: number;
}

/** Passes every whole batch of a segment and indexes them. */
export async function scanSegment(file: LogFile, segment: Segment): Promise<Scanned> {
  const window = new FileWindow(file, WINDOW_BYTES);
  let place = newSegment('', segment).index[0] ?? { offset: segment.first, position: 0, valueBytesBefore: 0 };
  let lastBatchAt = place.position;
  for (;;) {
    const batch = await window.batch(place.position, true);
    if (batch === undefined || batch.header.first !== place.offset) return { tail: place, lastBatchAt };
    if (!batchIsWhole(window.bytes, batch.at, batch.header)) return { tail: place, lastBatchAt };
    indexBatch(segment, place);
    lastBatchAt = place.position;
    place = {
      offset: place.offset + batch.header.records,
      position: place.position + batch.header.bytes,
      valueBytesBefore: place.valueBytesBefore + batch.header.valueBytes,
    };
  }
}

async function cutTail(ops: FileOps, file: LogFile, segment: Segment, tail: BatchPlace, size: number): Promise<Cut> {
  const bytes = ownBuffer(size - tail.position);
  const torn = bytes.subarray(0, await file.read(bytes, tail.position));
  const damaged = holdsLaterBatch(torn, tail.offset);
  const keptIn = `${segment.file}.cut-${String(tail.position)}`;
  if (damaged) await writeKept(ops, keptIn, torn);
  await file.truncate(tail.position);
  const cut = { file: segment.file, head: tail.offset, bytes: torn.length };
  return damaged ? { ...cut, keptIn } : cut;
}

/** One flush runs at a time, so behind a torn batch there is nothing; a later batch that is whole proves damage. */
function holdsLaterBatch(torn: Buffer, head: number): boolean {
  for (let at = 8; at < torn.length; at += 8) {
    const header = readBatchHeader(torn, at);
    if (header === undefined || header.first <= head || at + header.bytes > torn.length) continue;
    if (batchIsWhole(torn, at, header)) return true;
  }
  return false;
}

/** The newest file without a whole header: its making was interrupted, or it is damaged and kept under another name. */
async function removeHeadless(ops: FileOps, file: string, first: number): Promise<Cut> {
  const opened = await ops.open(file, 'read');
  const size = await opened.size();
  await opened.close();
  const cut = { file, head: first, bytes: size };
  if (size <= SEGMENT_HEADER_BYTES) {
    await ops.remove(file);
    await ops.syncDir(path.dirname(file));
    return cut;
  }
  const keptIn = `${file}.cut-0`;
  await ops.rename(file, keptIn);
  await ops.syncDir(path.dirname(file));
  return { ...cut, keptIn };
}

async function writeKept(ops: FileOps, file: string, bytes: Uint8Array): Promise<void> {
  const kept = await ops.open(file, 'create');
  try {
    await kept.write([bytes], 0);
    await kept.fdatasync();
  } finally {
    await kept.close();
  }
  await ops.syncDir(path.dirname(file));
}
