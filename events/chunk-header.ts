/** The variable part of a chunk: who wrote it and the dictionary of its series; decoded dictionaries are remembered by their bytes. */
import { isUtf8 } from 'node:buffer';
import { err, ok, type Result } from '../runtime/result.js';
import { limits } from '../runtime/limits.js';
import { textFault } from './bounded-text.js';
import { padded, type ChunkFault } from './chunk-layout.js';
import { crc32c } from './crc32c.js';
import { contextEntries, formatContext } from './metric-context.js';

export interface ChunkSeries {
  readonly key: string;
  /** '' or canonical JSON (metric-context.ts). */
  readonly context: string;
}

export interface ChunkHeader {
  readonly writer: string;
  readonly seq: number;
  readonly generation: number;
  readonly series: readonly ChunkSeries[];
}

export function encodeHeader(header: ChunkHeader): Uint8Array {
  const parts: Uint8Array[] = [];
  const text = (value: string) => {
    const bytes = Buffer.from(value, 'utf8');
    if (bytes.length > 0xffff) throw new RangeError('a string in a chunk header is at most 65535 bytes');
    const length = Buffer.allocUnsafe(2);
    length.writeUInt16LE(bytes.length);
    parts.push(length, bytes);
  };
  text(header.writer);
  const numbers = Buffer.alloc(16);
  numbers.writeBigUInt64LE(BigInt(header.seq), 0);
  numbers.writeUInt32LE(header.generation, 8);
  numbers.writeUInt32LE(header.series.length, 12);
  parts.push(numbers);
  for (const { key, context } of header.series) {
    text(key);
    const entries = contextEntries(context);
    parts.push(Uint8Array.of(entries.length));
    for (const [name, value] of entries) {
      text(name);
      text(value);
    }
  }
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([...parts, Buffer.alloc(padded(size, 8) - size)]);
}

/** Reads the header of a chunk; `bytes` is the header alone. */
export function decodeHeader(bytes: Buffer): Result<ChunkHeader, ChunkFault> {
  const cursor = new Cursor(bytes);
  const writer = cursor.text('frame.header.writer', limits.writerIdBytesMax, false);
  if (cursor.fault !== undefined) return err(cursor.fault);
  if (cursor.at + 16 > bytes.length) return fault('frame.header', 'ends before its counts');
  const seqHigh = bytes.readUInt32LE(cursor.at + 4);
  if (seqHigh > 0x1f_ffff) return fault('frame.header.seq', 'must be at most 2^53-1');
  const seq = seqHigh * 2 ** 32 + bytes.readUInt32LE(cursor.at);
  const generation = bytes.readUInt32LE(cursor.at + 8);
  const series = remembered(bytes.subarray(cursor.at + 12));
  return series.ok ? ok({ writer, seq, generation, series: series.value }) : series;
}

interface Remembered {
  readonly bytes: Buffer;
  readonly series: readonly ChunkSeries[];
}

/** Writers send the same dictionary with every chunk, so the last ones are kept: keyed by checksum, compared byte by byte. */
const memory = new Map<number, Remembered>();
/** What an entry costs beside its bytes, about. */
const ENTRY_BYTES = 512;
let memoryBytes = 0;

function remembered(section: Buffer): Result<readonly ChunkSeries[], ChunkFault> {
  const id = crc32c(section);
  const hit = memory.get(id);
  if (hit?.bytes.equals(section) === true) return ok(hit.series);
  const decoded = decodeSeries(section);
  if (!decoded.ok) return decoded;
  if (section.length > limits.chunkDictionaryCacheBytes / 16) return decoded;
  if (hit !== undefined) memoryBytes -= hit.bytes.length + ENTRY_BYTES;
  memory.delete(id);
  memory.set(id, { bytes: Buffer.from(section), series: decoded.value });
  memoryBytes += section.length + ENTRY_BYTES;
  for (const [oldest, entry] of memory) {
    if (memoryBytes <= limits.chunkDictionaryCacheBytes) break;
    memory.delete(oldest);
    memoryBytes -= entry.bytes.length + ENTRY_BYTES;
  }
  return decoded;
}

function decodeSeries(section: Buffer): Result<readonly ChunkSeries[], ChunkFault> {
  const count = section.readUInt32LE(0);
  if (count > limits.chunkSeriesMax) {
    return fault('frame.header.series', `must be at most ${String(limits.chunkSeriesMax)} series`);
  }
  const cursor = new Cursor(section, 4);
  const series: ChunkSeries[] = [];
  const seen = new Set<string>();
  for (let i = 0; i < count; i++) {
    const field = `frame.header.series[${String(i)}]`;
    const key = cursor.text(`${field}.key`, limits.metricKeyBytesMax, false);
    const context = decodeContext(cursor, `${field}.context`);
    if (cursor.fault !== undefined) return err(cursor.fault);
    const identity = `${key}\u0000${context}`;
    if (seen.has(identity)) return fault(field, 'stands twice');
    seen.add(identity);
    series.push({ key, context });
  }
  if (section.length - cursor.at >= 8) return fault('frame.header', 'is longer than its content');
  for (let at = cursor.at; at < section.length; at++) {
    if (section[at] !== 0) return fault('frame.header.padding', 'must be zero');
  }
  return ok(series);
}

function decodeContext(cursor: Cursor, field: string): string {
  const count = cursor.byte(field);
  if (count === 0) return '';
  if (count > limits.metricContextEntriesMax) {
    return cursor.fail(field, `must be at most ${String(limits.metricContextEntriesMax)} entries`);
  }
  const entries: (readonly [string, string])[] = [];
  let before: Buffer | undefined;
  for (let i = 0; i < count && cursor.fault === undefined; i++) {
    const name = cursor.text(`${field}[${String(i)}].name`, limits.metricContextBytesMax, false);
    const nameBytes = Buffer.from(name, 'utf8');
    if (before !== undefined && cursor.fault === undefined && before.compare(nameBytes) >= 0) {
      cursor.fail(`${field}[${String(i)}].name`, 'names must be in byte order, none twice');
    }
    before = nameBytes;
    entries.push([name, cursor.text(`${field}[${String(i)}].value`, limits.metricContextBytesMax, true)]);
  }
  const text = formatContext(entries);
  if (cursor.fault === undefined && Buffer.byteLength(text) > limits.metricContextBytesMax) {
    cursor.fail(field, `must be at most ${String(limits.metricContextBytesMax)} bytes as JSON`);
  }
  return text;
}

/** Walks the header; after the first fault every read gives nothing and the fault stays. */
class Cursor {
  fault: ChunkFault | undefined;

  constructor(
    private readonly bytes: Buffer,
    public at = 0,
  ) {}

  fail(field: string, detail: string): '' {
    this.fault ??= { field, detail };
    return '';
  }

  byte(field: string): number {
    if (this.fault === undefined && this.at >= this.bytes.length) this.fail(field, 'runs past the header');
    return this.fault === undefined ? (this.bytes[this.at++] ?? 0) : 0;
  }

  text(field: string, bytesMax: number, empty: boolean): string {
    if (this.fault !== undefined) return '';
    if (this.at + 2 > this.bytes.length) return this.fail(field, 'runs past the header');
    const length = this.bytes.readUInt16LE(this.at);
    const start = this.at + 2;
    if (length > this.bytes.length - start) return this.fail(field, 'runs past the header');
    const raw = this.bytes.subarray(start, start + length);
    if (!isUtf8(raw)) return this.fail(field, 'must be well-formed UTF-8');
    const value = raw.toString('utf8');
    const wrong = textFault(value, { bytesMax, empty });
    if (wrong !== undefined) return this.fail(field, wrong);
    this.at = start + length;
    return value;
  }
}

const fault = (field: string, detail: string): Result<never, ChunkFault> => err({ field, detail });
