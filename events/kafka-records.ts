/**
 * Record batches (format 2) as the log writes and reads them: values without keys and headers, CRC-32C over all, LZ4 where it
 * helps. kafkajs has codecs of its own: they compute the CRC in JavaScript, do not check it when reading, and make six objects
 * of a record.
 */
import { limits } from '../runtime/limits.js';
import { crc32c } from './crc32c.js';
import type { LogRecord } from './event-log.js';
import { compressFrame, compressFrameAsync, uncompressFrame } from './lz4.js';

// offset i64, length i32, leader epoch i32, magic i8, crc u32, attributes i16, last offset delta i32, two times i64,
// producer id i64 and epoch i16, sequence i32, count i32
const HEADER_BYTES = 61;
const LENGTH_AT = 8;
const LEADER_EPOCH_AT = 12;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const LAST_DELTA_AT = 23;
const TIMES_AT = 27;
const PRODUCER_AT = 43;
const COUNT_AT = 57;
const LZ4 = 3;
const CODEC_BITS = 7;
const CONTROL_BIT = 32;
/** Six bytes beside value, value's length and offset delta; each of those two lengths takes at most 5. */
const RECORD_OVERHEAD_MAX = 20;

/** One batch with all values, which the broker appends in whole or not at all. */
export async function encodeBatch(values: readonly Uint8Array[], nowMs: number): Promise<Buffer> {
  const raw = encodeRecords(values);
  const packed = await compressed(raw);
  const records = packed ?? raw;
  const batch = Buffer.allocUnsafe(HEADER_BYTES + records.length);
  batch.writeBigInt64BE(0n, 0);
  batch.writeInt32BE(batch.length - LEADER_EPOCH_AT, LENGTH_AT);
  batch.writeInt32BE(-1, LEADER_EPOCH_AT);
  batch.writeInt8(2, MAGIC_AT);
  batch.writeInt16BE(packed === undefined ? 0 : LZ4, ATTRIBUTES_AT);
  batch.writeInt32BE(values.length - 1, LAST_DELTA_AT);
  batch.writeBigInt64BE(BigInt(nowMs), TIMES_AT);
  batch.writeBigInt64BE(BigInt(nowMs), TIMES_AT + 8);
  batch.fill(0xff, PRODUCER_AT, COUNT_AT);
  batch.writeInt32BE(values.length, COUNT_AT);
  batch.set(records, HEADER_BYTES);
  batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES_AT)), CRC_AT);
  return batch;
}

/** LZ4 where it saves a tenth; what clients send is mostly compressed already. */
async function compressed(raw: Buffer): Promise<Uint8Array | undefined> {
  if (raw.length < limits.kafkaCompressBytesMin) return undefined;
  const packed = raw.length < limits.kafkaCompressInlineBytesMax ? compressFrame(raw) : await compressFrameAsync(raw);
  return packed.length < raw.length * 0.9 ? packed : undefined;
}

function encodeRecords(values: readonly Uint8Array[]): Buffer {
  let room = 0;
  for (const value of values) room += value.length + RECORD_OVERHEAD_MAX;
  const records = Buffer.allocUnsafe(room);
  let at = 0;
  for (const [i, value] of values.entries()) {
    const body = 1 + 1 + varintBytes(i) + 1 + varintBytes(value.length) + value.length + 1;
    at = writeVarint(records, at, body);
    // attributes 0, time delta 0
    records[at++] = 0;
    records[at++] = 0;
    at = writeVarint(records, at, i);
    // no key
    records[at++] = 1;
    at = writeVarint(records, at, value.length);
    records.set(value, at);
    at += value.length;
    // no headers
    records[at++] = 0;
  }
  return records.subarray(0, at);
}

export interface DecodedBatches {
  /** Without gaps from the offset asked for; values begin at multiples of 8 in their buffer. */
  readonly records: readonly LogRecord[];
  /** False when bytes are left over that hold more records. */
  readonly exhausted: boolean;
}

/** Records from `offset` on out of what a broker sent, at least one where there is one, else at most `bytesMax` of value. A batch that is cut off at the end is left out. */
export function decodeBatches(bytes: Buffer, offset: number, bytesMax: number): DecodedBatches {
  const found: { readonly from: Buffer; readonly start: number; readonly end: number }[] = [];
  let valueBytes = 0;
  let slabBytes = 0;
  let exhausted = true;
  for (let at = 0; at + HEADER_BYTES <= bytes.length && exhausted;) {
    const end = at + LEADER_EPOCH_AT + bytes.readInt32BE(at + LENGTH_AT);
    if (end < at + HEADER_BYTES) throw broken(offset);
    if (end > bytes.length) break;
    const batch = bytes.subarray(at, end);
    at = end;
    const base = Number(batch.readBigInt64BE(0));
    if (base + batch.readInt32BE(LAST_DELTA_AT) < offset) continue;
    const body = batchBody(batch, base);
    const count = batch.readInt32BE(COUNT_AT);
    const cursor = { at: 0 };
    for (let i = 0; i < count; i++) {
      const length = readVarint(body, cursor);
      const next = cursor.at + length;
      if (next > body.length) throw broken(base);
      // attributes, and the time, which nobody asks for
      cursor.at++;
      skipVarint(body, cursor);
      const current = base + readVarint(body, cursor);
      const key = Math.max(0, readVarint(body, cursor));
      cursor.at += key;
      const size = Math.max(0, readVarint(body, cursor));
      if (cursor.at + size > next) throw broken(base);
      if (current >= offset) {
        if (current !== offset + found.length) throw gap(offset + found.length, current);
        if (found.length > 0 && valueBytes + size > bytesMax) {
          exhausted = false;
          break;
        }
        found.push({ from: body, start: cursor.at, end: cursor.at + size });
        valueBytes += size;
        slabBytes += aligned(size);
      }
      cursor.at = next;
    }
  }
  // one slab of memory for all values: they outlive the answer that they came in
  const slab = Buffer.allocUnsafeSlow(slabBytes);
  let at = 0;
  const records = found.map(({ from, start, end }, i) => {
    const value = slab.subarray(at, at + end - start);
    value.set(from.subarray(start, end));
    at += aligned(end - start);
    return { offset: offset + i, value };
  });
  return { records, exhausted };
}

const aligned = (size: number): number => (size + 7) & ~7;

function batchBody(batch: Buffer, base: number): Buffer {
  if (batch.readInt8(MAGIC_AT) !== 2) throw new Error(`the batch at offset ${String(base)} has a format of old`);
  if (crc32c(batch.subarray(ATTRIBUTES_AT)) !== batch.readUInt32BE(CRC_AT)) throw broken(base);
  const attributes = batch.readInt16BE(ATTRIBUTES_AT);
  if ((attributes & CONTROL_BIT) !== 0)
    throw new Error(`offset ${String(base)} is the end of a transaction, which the log has none of`);
  const body = batch.subarray(HEADER_BYTES);
  const codec = attributes & CODEC_BITS;
  if (codec === 0) return body;
  if (codec !== LZ4)
    throw new Error(`the batch at offset ${String(base)} is compressed with codec ${String(codec)}, not LZ4`);
  const raw = uncompressFrame(body, limits.kafkaMessageBytesMax);
  if (!raw.ok) throw broken(base);
  return Buffer.from(raw.value.buffer, raw.value.byteOffset, raw.value.byteLength);
}

const broken = (offset: number): Error =>
  new Error(`the batch at offset ${String(offset)} is damaged: its checksum fails`);
const gap = (wanted: number, found: number): Error =>
  new Error(
    `offset ${String(wanted)} is missing, ${String(found)} comes next: the topic must not be compacted or hold transactions`,
  );

/** Numbers here are small and not negative but for -1: zigzag doubles them. */
function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value * 2; rest > 127; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

function writeVarint(into: Buffer, at: number, value: number): number {
  let rest = value * 2;
  while (rest > 127) {
    into[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  into[at++] = rest;
  return at;
}

function readVarint(from: Buffer, cursor: { at: number }): number {
  let value = 0;
  let scale = 1;
  for (;;) {
    const byte = from[cursor.at++];
    if (byte === undefined || scale > 2 ** 42) throw new Error('a record of the log is cut short');
    value += (byte & 127) * scale;
    if (byte < 128) break;
    scale *= 128;
  }
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function skipVarint(from: Buffer, cursor: { at: number }): void {
  while ((from[cursor.at++] ?? 0) > 127);
}
