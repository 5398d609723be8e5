/**
 * The bytes of a segment file. A segment is a header and then batches; a batch is what one flush made durable. Integers
 * are little-endian, everything starts at a multiple of 8.
 *
 * Segment header, 32 bytes: "RLSG", version u8 = 1, 3 zero bytes, offset of the first record u64, bytes of all values in
 * the partition before it u64, CRC-32C of those 24 bytes u32, 4 zero bytes.
 *
 * Batch header, 40 bytes: "RLBT", CRC-32C of everything after this field to the end of the padding u32, stored bytes u32,
 * raw bytes u32, records u32, flags u8 (bit 0: stored as one LZ4 block) and 3 zero bytes, first offset u64, value bytes
 * u32, 4 zero bytes. Then the stored bytes and zero bytes up to a multiple of 8.
 *
 * Raw bytes of a batch: per record its length u32, 4 zero bytes, the value, zero bytes up to a multiple of 8. So a value
 * starts at a multiple of 8 of the buffer that it is read into.
 */
import { limits } from '../runtime/limits.js';
import { crc32c } from './crc32c.js';
import type { LogRecord } from './event-log.js';
import { compressBlock, compressBlockAsync, uncompressBlock } from './lz4.js';

export const SEGMENT_HEADER_BYTES = 32;
export const BATCH_HEADER_BYTES = 40;
const SEGMENT_MAGIC = 0x47534c52;
const BATCH_MAGIC = 0x54424c52;
const VERSION = 1;
const FLAG_LZ4 = 1;
const CRC_FROM = 8;
/** Smaller batches are stored as they are, up to the second they are compressed without a hop to another thread. */
const COMPRESS_FROM_BYTES = 512;
const COMPRESS_HERE_BYTES = 16 * 1024;
const RECORD_HEAD_BYTES = 8;
const RAW_BYTES_MAX = limits.logAppendBytesMax + limits.logAppendRecordsMax * 2 * RECORD_HEAD_BYTES;

const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/** A buffer of its own, so that its start is aligned; the pool of Buffer.allocUnsafe gives any start. */
export const ownBuffer = (bytes: number): Buffer => Buffer.allocUnsafeSlow(bytes);

export interface SegmentHeader {
  readonly first: number;
  readonly valueBytesBefore: number;
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  bytes.writeUInt32LE(SEGMENT_MAGIC, 0);
  bytes[4] = VERSION;
  writeU64(bytes, header.first, 8);
  writeU64(bytes, header.valueBytesBefore, 16);
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, 24)), 24);
  return bytes;
}

/** The header at the start of a segment; undefined when it is torn or corrupt. Throws when it is whole and of a later version. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES || bytes.readUInt32LE(0) !== SEGMENT_MAGIC) return undefined;
  if (bytes.readUInt32LE(24) !== crc32c(bytes.subarray(0, 24)) || bytes.readUInt32LE(28) !== 0) return undefined;
  if (bytes[4] !== VERSION) throw new Error('the log was written by a later version of Runlog');
  return { first: readU64(bytes, 8), valueBytesBefore: readU64(bytes, 16) };
}

export interface BatchHeader {
  readonly first: number;
  readonly records: number;
  readonly storedBytes: number;
  readonly rawBytes: number;
  readonly valueBytes: number;
  readonly lz4: boolean;
  /** Of the whole batch in the file. */
  readonly bytes: number;
}

/** Reads the header of a batch; undefined when there is none at this place. The checksum is `batchIsWhole`'s. */
export function readBatchHeader(bytes: Buffer, at: number): BatchHeader | undefined {
  if (at + BATCH_HEADER_BYTES > bytes.length || bytes.readUInt32LE(at) !== BATCH_MAGIC) return undefined;
  const storedBytes = bytes.readUInt32LE(at + 8);
  const rawBytes = bytes.readUInt32LE(at + 12);
  const records = bytes.readUInt32LE(at + 16);
  const flags = bytes.readUInt32LE(at + 20);
  if (storedBytes > rawBytes || rawBytes > RAW_BYTES_MAX || records === 0 || (flags & ~FLAG_LZ4) !== 0)
    return undefined;
  return {
    first: readU64(bytes, at + 24),
    records,
    storedBytes,
    rawBytes,
    valueBytes: bytes.readUInt32LE(at + 32),
    lz4: flags === FLAG_LZ4,
    bytes: BATCH_HEADER_BYTES + padded(storedBytes),
  };
}

/** Whether the checksum of the batch at `at` holds; the batch must lie in `bytes` as a whole. */
export const batchIsWhole = (bytes: Buffer, at: number, header: BatchHeader): boolean =>
  crc32c(bytes.subarray(at + CRC_FROM, at + header.bytes)) === bytes.readUInt32LE(at + 4);

/** The records of a batch, or undefined when the checksum fails. Values of batches that are not compressed are views into `bytes`. */
export function batchRecords(bytes: Buffer, at: number, header: BatchHeader): LogRecord[] | undefined {
  if (!batchIsWhole(bytes, at, header)) return undefined;
  const start = at + BATCH_HEADER_BYTES;
  const stored = bytes.subarray(start, start + header.storedBytes);
  const raw = header.lz4 ? uncompressBlock(stored, header.rawBytes) : stored;
  if (raw === undefined) return undefined;
  const words = new Uint32Array(raw.buffer, raw.byteOffset, raw.length / 4);
  const records: LogRecord[] = [];
  for (let next = 0, i = 0; i < header.records; i++) {
    const length = words[next / 4];
    if (length === undefined || next + RECORD_HEAD_BYTES + length > raw.length) return undefined;
    const from = next + RECORD_HEAD_BYTES;
    records.push({ offset: header.first + i, value: raw.subarray(from, from + length) });
    next = from + padded(length);
  }
  return records;
}

export interface EncodedBatch {
  readonly buffers: readonly Uint8Array[];
  readonly bytes: number;
  /** False when compression was tried and did not pay. */
  readonly paid: boolean;
}

/** Room that a batch of these values takes when it is not compressed. */
export const batchBytesAtMost = (values: readonly Uint8Array[]): number =>
  values.reduce((sum, value) => sum + RECORD_HEAD_BYTES + padded(value.length), BATCH_HEADER_BYTES);

/** One batch, compressed when `compress` is set and at least an eighth is saved. */
export async function encodeBatch(
  first: number,
  values: readonly Uint8Array[],
  compress: boolean,
): Promise<EncodedBatch> {
  const raw = ownBuffer(batchBytesAtMost(values) - BATCH_HEADER_BYTES);
  let at = 0;
  let valueBytes = 0;
  for (const value of values) {
    raw.writeUInt32LE(value.length, at);
    raw.writeUInt32LE(0, at + 4);
    raw.set(value, at + RECORD_HEAD_BYTES);
    const end = at + RECORD_HEAD_BYTES + value.length;
    at += RECORD_HEAD_BYTES + padded(value.length);
    raw.fill(0, end, at);
    valueBytes += value.length;
  }
  const tried = compress && raw.length >= COMPRESS_FROM_BYTES;
  const block = tried ? await (raw.length <= COMPRESS_HERE_BYTES ? compressBlock(raw) : compressBlockAsync(raw)) : raw;
  const paid = tried && block.length <= (raw.length * 7) / 8;
  const stored = paid ? block : raw;
  const header = Buffer.alloc(BATCH_HEADER_BYTES);
  const padding = Buffer.alloc(padded(stored.length) - stored.length);
  header.writeUInt32LE(BATCH_MAGIC, 0);
  header.writeUInt32LE(stored.length, 8);
  header.writeUInt32LE(raw.length, 12);
  header.writeUInt32LE(values.length, 16);
  header.writeUInt32LE(paid ? FLAG_LZ4 : 0, 20);
  writeU64(header, first, 24);
  header.writeUInt32LE(valueBytes, 32);
  header.writeUInt32LE(crc32c(padding, crc32c(stored, crc32c(header.subarray(CRC_FROM)))), 4);
  const buffers = padding.length === 0 ? [header, stored] : [header, stored, padding];
  return { buffers, bytes: BATCH_HEADER_BYTES + stored.length + padding.length, paid: paid || !tried };
}

function writeU64(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32LE(value % 2 ** 32, at);
  bytes.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
}

const readU64 = (bytes: Buffer, at: number): number => bytes.readUInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);
