/** Points of one run on their way to a chunk: columns that grow until they are packed into the binary frame of docs/EVENTS.md. */
import { crc32c } from './crc32c.js';

const encoder = new TextEncoder();
const align8 = (n: number) => (n + 7) & ~7;
const currentGeneration = 0xffff_ffff;

/** Bytes that a point takes in a frame without micro-steps: series u32, step i64, time i64, value f64. */
export const bytesPerPoint = 28;

export class PointBuffer {
  private readonly seriesOf = new Map<string, number>();
  private readonly keys: Uint8Array[] = [];
  private keyBytes = 0;
  private series: number[] = [];
  private steps: number[] = [];
  private micros: number[] = [];
  private times: number[] = [];
  private values: number[] = [];
  private anyMicro = false;

  get rows(): number {
    return this.values.length;
  }

  /** About how large the frame would be now. */
  get bytes(): number {
    return this.rows * bytesPerPoint + this.keyBytes;
  }

  /** `step` may be a decimal: its fraction becomes the micro-step (6 digits). `timeMs` since the epoch. */
  add(key: string, step: number, timeMs: number, value: number): void {
    let index = this.seriesOf.get(key);
    if (index === undefined) {
      index = this.keys.length;
      this.seriesOf.set(key, index);
      const bytes = encoder.encode(key);
      this.keys.push(bytes);
      this.keyBytes += bytes.length + 3;
    }
    let whole = Math.floor(step);
    let micro = Math.round((step - whole) * 1e6);
    if (micro === 1_000_000) {
      whole += 1;
      micro = 0;
    }
    if (micro !== 0) this.anyMicro = true;
    this.series.push(index);
    this.steps.push(whole);
    this.micros.push(micro);
    this.times.push(timeMs);
    this.values.push(value);
  }

  /** Packs everything into one frame and empties the buffer. */
  take(writer: string, seq: number): Uint8Array {
    const rows = this.rows;
    const writerBytes = encoder.encode(writer);
    const headerBytes = align8(2 + writerBytes.length + 8 + 4 + 4 + this.keyBytes);
    const columns = [4 * rows, 8 * rows, ...(this.anyMicro ? [4 * rows] : []), 8 * rows, 8 * rows].map(align8);
    const bodyBytes = columns.reduce((a, b) => a + b, 0);
    const frame = new Uint8Array(24 + headerBytes + bodyBytes + 4);
    const view = new DataView(frame.buffer);
    frame.set([0x52, 0x4c, 0x43, 0x4b, 1, 0, this.anyMicro ? 1 : 0, 0]);
    view.setUint32(8, headerBytes, true);
    view.setUint32(12, rows, true);
    view.setUint32(16, bodyBytes, true);
    view.setUint32(20, bodyBytes, true);
    let at = 24;
    const text = (bytes: Uint8Array) => {
      view.setUint16(at, bytes.length, true);
      frame.set(bytes, at + 2);
      at += 2 + bytes.length;
    };
    text(writerBytes);
    view.setBigUint64(at, BigInt(seq), true);
    view.setUint32(at + 8, currentGeneration, true);
    view.setUint32(at + 12, this.keys.length, true);
    at += 16;
    for (const key of this.keys) {
      text(key);
      at += 1; // no context entries
    }
    let column = 24 + headerBytes;
    const next = () => {
      const start = column;
      column += columns.shift() ?? 0;
      return start;
    };
    new Uint32Array(frame.buffer, next(), rows).set(this.series);
    writeInt64(new Int32Array(frame.buffer, next(), 2 * rows), this.steps);
    if (this.anyMicro) new Int32Array(frame.buffer, next(), rows).set(this.micros);
    writeInt64(new Int32Array(frame.buffer, next(), 2 * rows), this.times);
    new Float64Array(frame.buffer, next(), rows).set(this.values);
    view.setUint32(column, crc32c(frame.subarray(0, column)), true);
    this.clear();
    return frame;
  }

  private clear(): void {
    this.seriesOf.clear();
    this.keys.length = 0;
    this.keyBytes = 0;
    this.series = [];
    this.steps = [];
    this.micros = [];
    this.times = [];
    this.values = [];
    this.anyMicro = false;
  }
}

/** Integers as pairs of little-endian 32-bit halves: exact for safe integers, without a BigInt for each. */
function writeInt64(out: Int32Array, integers: readonly number[]): void {
  for (let i = 0; i < integers.length; i++) {
    const n = integers[i]!;
    const high = Math.floor(n / 4_294_967_296);
    out[2 * i] = n - high * 4_294_967_296;
    out[2 * i + 1] = high;
  }
}
