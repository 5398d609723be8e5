/** The chunk, version 1 (docs/EVENTS.md): many points of one run from one writer as binary columns; encoded here, checked and read in place here. */
import { err, ok, type Result } from '../runtime/result.js';
import { limits } from '../runtime/limits.js';
import { decodeHeader, encodeHeader, type ChunkHeader, type ChunkSeries } from './chunk-header.js';
import * as layout from './chunk-layout.js';
import { columnOffsets, CURRENT_GENERATION, padded, type ChunkFault } from './chunk-layout.js';
import { crc32c, crc32Ieee } from './crc32c.js';
import { compressBlock, uncompressBlock } from './lz4.js';

export { CURRENT_GENERATION, type ChunkFault, type ChunkSeries };

export type ChunkKind = 'points' | 'heartbeat';

/** What `encodeChunk` takes. Columns have one entry per point; a heartbeat has no series and no points. */
export interface Chunk extends ChunkHeader {
  readonly kind: ChunkKind;
  readonly seriesIndex: ArrayLike<number>;
  /** Whole steps; numbers must be safe integers. */
  readonly step: ArrayLike<number> | ArrayLike<bigint>;
  /** Millionths of a step, 0 … 999 999; left out when all are 0. */
  readonly micro?: ArrayLike<number> | undefined;
  /** ms since the epoch. */
  readonly time: ArrayLike<number> | ArrayLike<bigint>;
  readonly value: ArrayLike<number>;
  /** Store the body as one LZ4 block. */
  readonly lz4?: boolean;
}

/** What every chunk that passed the checks says about itself. `series` is the same array for the same dictionary bytes, as long as it is remembered. */
export interface ChunkInfo extends ChunkHeader {
  readonly kind: ChunkKind;
  readonly rows: number;
}

/** A checked chunk. The columns are views into the given bytes where those are aligned and uncompressed. */
export interface DecodedChunk extends ChunkInfo {
  readonly seriesIndex: Uint32Array;
  readonly step: BigInt64Array;
  readonly micro: Int32Array | undefined;
  readonly time: BigInt64Array;
  readonly value: Float64Array;
}

/** Bytes of a chunk from values that are known to be good; throws RangeError on what can not be written. */
export function encodeChunk(chunk: Chunk): Uint8Array {
  const rows = chunk.value.length;
  for (const column of [chunk.seriesIndex, chunk.step, chunk.time, chunk.micro]) {
    if (column !== undefined && column.length !== rows) throw new RangeError('columns of a chunk have one length');
  }
  const header = encodeHeader(chunk);
  const columns = columnOffsets(rows, chunk.micro !== undefined);
  const lz4 = chunk.lz4 === true && rows > 0;
  const raw = lz4 ? new ArrayBuffer(columns.bytes) : undefined;
  if (raw !== undefined) writeColumns(chunk, raw, 0, columns);
  const packed = raw === undefined ? undefined : compressBlock(new Uint8Array(raw));
  const stored = packed?.length ?? columns.bytes;
  const bodyAt = layout.FIXED_BYTES + header.length;
  const crcAt = bodyAt + padded(stored, 4);
  const bytes = new Uint8Array(crcAt + layout.CRC_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, layout.CHUNK_MAGIC, true);
  view.setUint8(4, layout.CHUNK_VERSION);
  view.setUint8(5, chunk.kind === 'points' ? layout.KIND_POINTS : layout.KIND_HEARTBEAT);
  view.setUint16(6, (chunk.micro === undefined ? 0 : layout.FLAG_MICRO) | (lz4 ? layout.FLAG_LZ4 : 0), true);
  view.setUint32(8, header.length, true);
  view.setUint32(12, rows, true);
  view.setUint32(16, columns.bytes, true);
  view.setUint32(20, stored, true);
  bytes.set(header, layout.FIXED_BYTES);
  if (packed === undefined) writeColumns(chunk, bytes.buffer, bodyAt, columns);
  else bytes.set(packed, bodyAt);
  view.setUint32(crcAt, crc32c(bytes.subarray(0, crcAt)), true);
  return bytes;
}

function writeColumns(chunk: Chunk, buffer: ArrayBuffer, at: number, columns: layout.ColumnOffsets): void {
  const rows = chunk.value.length;
  new Uint32Array(buffer, at, rows).set(chunk.seriesIndex);
  writeIntegers(new BigInt64Array(buffer, at + columns.step, rows), chunk.step);
  if (chunk.micro !== undefined) new Int32Array(buffer, at + columns.micro, rows).set(chunk.micro);
  writeIntegers(new BigInt64Array(buffer, at + columns.time, rows), chunk.time);
  new Float64Array(buffer, at + columns.value, rows).set(chunk.value);
}

function writeIntegers(target: BigInt64Array, source: ArrayLike<number> | ArrayLike<bigint>): void {
  if (source instanceof BigInt64Array) {
    target.set(source);
    return;
  }
  const halves = new Int32Array(target.buffer, target.byteOffset, target.length * 2);
  for (let i = 0; i < source.length; i++) {
    const value = source[i] ?? 0;
    if (typeof value === 'bigint') target[i] = value;
    else if (Number.isSafeInteger(value)) {
      halves[i * 2] = value; // an Int32Array keeps the low 32 bits
      halves[i * 2 + 1] = Math.floor(value / 2 ** 32);
    } else throw new RangeError('steps and times given as numbers must be safe integers');
  }
}

interface Parts {
  readonly info: ChunkInfo;
  readonly body: Uint8Array;
  readonly columns: layout.ColumnOffsets;
  readonly hasMicro: boolean;
}

/** Every check that `decodeChunk` makes, for the edge, which passes the bytes on as they are. */
export function inspectChunk(bytes: Uint8Array): Result<ChunkInfo, ChunkFault> {
  const parts = checkedParts(bytes);
  return parts.ok ? ok(parts.value.info) : parts;
}

/** Checks a chunk wholly (layout, bounds, checksum, ranges of the columns) and gives its columns. */
export function decodeChunk(bytes: Uint8Array): Result<DecodedChunk, ChunkFault> {
  const parts = checkedParts(bytes);
  if (!parts.ok) return parts;
  const { info, body, columns, hasMicro } = parts.value;
  const { rows } = info;
  const { buffer, byteOffset: at } = body;
  return ok({
    kind: info.kind,
    writer: info.writer,
    seq: info.seq,
    generation: info.generation,
    series: info.series,
    rows,
    seriesIndex: new Uint32Array(buffer, at, rows),
    step: new BigInt64Array(buffer, at + columns.step, rows),
    micro: hasMicro ? new Int32Array(buffer, at + columns.micro, rows) : undefined,
    time: new BigInt64Array(buffer, at + columns.time, rows),
    value: new Float64Array(buffer, at + columns.value, rows),
  });
}

function checkedParts(bytes: Uint8Array): Result<Parts, ChunkFault> {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fixed = checkedFixed(frame);
  if (!fixed.ok) return fixed;
  const { kind, flags, headerBytes, rows, bodyBytes, storedBytes, crcAt } = fixed.value;
  const checksum = (flags & layout.FLAG_CRC32_IEEE) === 0 ? crc32c : crc32Ieee;
  if (checksum(frame.subarray(0, crcAt)) !== frame.readUInt32LE(crcAt)) {
    return fault('frame.crc', 'does not match the bytes before it');
  }
  const bodyAt = layout.FIXED_BYTES + headerBytes;
  for (let at = bodyAt + storedBytes; at < crcAt; at++) {
    if (frame[at] !== 0) return fault('frame.padding', 'must be zero');
  }
  const header = decodeHeader(frame.subarray(layout.FIXED_BYTES, bodyAt));
  if (!header.ok) return header;
  const { writer, seq, generation, series } = header.value;
  if (kind === 'heartbeat' && series.length > 0) return fault('frame.header.series', 'a heartbeat has none');
  const stored = frame.subarray(bodyAt, bodyAt + storedBytes);
  const lz4 = (flags & layout.FLAG_LZ4) !== 0;
  const raw = lz4 ? uncompressBlock(stored, bodyBytes) : stored;
  if (raw === undefined) return fault('frame.body', `is not an LZ4 block of ${String(bodyBytes)} bytes`);
  const body = raw.byteOffset % 8 === 0 ? raw : new Uint8Array(raw);
  const hasMicro = (flags & layout.FLAG_MICRO) !== 0;
  const columns = columnOffsets(rows, hasMicro);
  const wrong = columnFault(body, rows, columns, hasMicro, series.length);
  if (wrong !== undefined) return err(wrong);
  return ok({ info: { kind, writer, seq, generation, series, rows }, body, columns, hasMicro });
}

interface Fixed {
  readonly kind: ChunkKind;
  readonly flags: number;
  readonly headerBytes: number;
  readonly rows: number;
  readonly bodyBytes: number;
  readonly storedBytes: number;
  readonly crcAt: number;
}

/** The first 24 bytes against each other and against the length of the whole. */
function checkedFixed(frame: Buffer): Result<Fixed, ChunkFault> {
  const length = frame.length;
  if (length > limits.chunkBytesMax) return fault('frame', `must be at most ${String(limits.chunkBytesMax)} bytes`);
  if (length < layout.FIXED_BYTES + layout.CRC_BYTES) return fault('frame', 'is truncated');
  if (frame.readUInt32LE(0) !== layout.CHUNK_MAGIC) return fault('frame.magic', 'must be "RLCK"');
  if (frame[4] !== layout.CHUNK_VERSION) return fault('frame.version', `${String(frame[4])} is not known, only 1 is`);
  if (frame[5] !== layout.KIND_POINTS && frame[5] !== layout.KIND_HEARTBEAT) {
    return fault('frame.kind', `${String(frame[5])} is not one that this version takes (0 points, 3 heartbeat)`);
  }
  const kind = frame[5] === layout.KIND_POINTS ? 'points' : 'heartbeat';
  const flags = frame.readUInt16LE(6);
  const allowed = layout.FLAG_CRC32_IEEE | (kind === 'points' ? layout.FLAG_MICRO | layout.FLAG_LZ4 : 0);
  if ((flags & ~allowed) !== 0) return fault('frame.flags', 'reserved bits must be 0');
  const headerBytes = frame.readUInt32LE(8);
  if (headerBytes % 8 !== 0) return fault('frame.headerBytes', 'must be a multiple of 8');
  if (headerBytes > limits.chunkHeaderBytesMax) {
    return fault('frame.headerBytes', `must be at most ${String(limits.chunkHeaderBytesMax)}`);
  }
  const rows = frame.readUInt32LE(12);
  if (rows > limits.chunkRowsMax) return fault('frame.rows', `must be at most ${String(limits.chunkRowsMax)}`);
  if (kind === 'heartbeat' ? rows !== 0 : rows === 0) {
    return fault('frame.rows', kind === 'heartbeat' ? 'must be 0 for a heartbeat' : 'must not be 0');
  }
  const bodyBytes = frame.readUInt32LE(16);
  const expected = columnOffsets(rows, (flags & layout.FLAG_MICRO) !== 0).bytes;
  if (bodyBytes !== expected) {
    return fault('frame.bodyBytes', `must be ${String(expected)} for ${String(rows)} rows`);
  }
  const storedBytes = frame.readUInt32LE(20);
  if (storedBytes > limits.chunkBytesMax) {
    return fault('frame.storedBytes', `must be at most ${String(limits.chunkBytesMax)}`);
  }
  if ((flags & layout.FLAG_LZ4) === 0 && storedBytes !== bodyBytes) {
    return fault('frame.storedBytes', 'must equal the body bytes without LZ4');
  }
  const crcAt = layout.FIXED_BYTES + headerBytes + padded(storedBytes, 4);
  if (length < crcAt + layout.CRC_BYTES) return fault('frame', 'is truncated');
  if (length > crcAt + layout.CRC_BYTES) return fault('frame', 'has bytes after its checksum');
  return ok({ kind, flags, headerBytes, rows, bodyBytes, storedBytes, crcAt });
}

/** Ranges of the columns, over 32-bit halves so that no BigInt is made. */
function columnFault(
  body: Uint8Array,
  rows: number,
  columns: layout.ColumnOffsets,
  hasMicro: boolean,
  seriesCount: number,
): ChunkFault | undefined {
  const words = new Uint32Array(body.buffer, body.byteOffset, columns.bytes / 4);
  for (let i = 0; i < rows; i++) {
    if ((words[i] ?? 0) >= seriesCount) return at('series', i, `must be below ${String(seriesCount)}`);
  }
  if (rows % 2 === 1 && words[rows] !== 0) return at('series', rows, 'padding must be zero');
  if (hasMicro) {
    const start = columns.micro / 4;
    for (let i = 0; i < rows; i++) {
      if ((words[start + i] ?? 0) > layout.MICRO_MAX) return at('micro', i, 'must be 0 to 999999');
    }
    if (rows % 2 === 1 && words[start + rows] !== 0) return at('micro', rows, 'padding must be zero');
  }
  const start = columns.time / 4;
  for (let i = 0; i < rows; i++) {
    const high = words[start + i * 2 + 1] ?? 0;
    if (high >= layout.TIME_MAX_HIGH) {
      if (high > layout.TIME_MAX_HIGH || (words[start + i * 2] ?? 0) > layout.TIME_MAX_LOW) {
        return at('time', i, 'must be 0 to 8.64e15 ms');
      }
    }
  }
  return undefined;
}

const at = (column: string, row: number, detail: string): ChunkFault => ({
  field: `frame.body.${column}[${String(row)}]`,
  detail,
});

const fault = (field: string, detail: string): Result<never, ChunkFault> => err({ field, detail });
