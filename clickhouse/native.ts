/**
 * Blocks in ClickHouse's Native format, straight from typed arrays: the way every row gets into the tables.
 *
 * A block is a number of columns and rows, then per column its name, its type and its data, little-endian. Columns are made by the
 * functions below and stay views of the arrays they were given: those must not change until the block has been sent.
 * 64-bit integers come as pairs of 32-bit halves, low half first, so that no BigInt is made on the way.
 */

export interface NativeColumn {
  readonly name: string;
  readonly type: string;
  readonly rows: number;
  readonly data: readonly Uint8Array[];
}

export type NumberType = 'UInt8' | 'UInt32' | 'UInt64' | 'Int32' | 'Int64' | 'Float64';

const BYTES_OF: Record<NumberType, number> = { UInt8: 1, UInt32: 4, UInt64: 8, Int32: 4, Int64: 8, Float64: 8 };

const encoder = new TextEncoder();

const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** The pieces of one block, to be sent one after the other. */
export function nativeBlock(columns: readonly NativeColumn[]): Uint8Array[] {
  const rows = columns[0]?.rows ?? 0;
  const head = new ByteWriter();
  head.varUint(columns.length);
  head.varUint(rows);
  const pieces: Uint8Array[] = [];
  for (const column of columns) {
    if (column.rows !== rows) {
      throw new Error(`column ${column.name} has ${String(column.rows)} rows, the block ${String(rows)}`);
    }
    head.string(column.name);
    head.string(column.type);
    pieces.push(head.take(), ...column.data);
  }
  return pieces;
}

/** How many rows a block says it has. */
export function blockRows([head]: readonly Uint8Array[]): number {
  let at = 0;
  const varUint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = head?.[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  varUint(); // columns
  return varUint();
}

/** A column of numbers; a 64-bit integer takes two entries of a 32-bit array. */
export function numberColumn(name: string, type: NumberType, array: ArrayBufferView): NativeColumn {
  return { name, type, rows: array.byteLength / BYTES_OF[type], data: [bytesOf(array)] };
}

/** Milliseconds since the epoch as `DateTime64(3, 'UTC')`. */
export function timeColumn(name: string, ms: readonly number[] | Float64Array): NativeColumn {
  const halves = new Int32Array(2 * ms.length);
  for (let i = 0; i < ms.length; i++) writeInt64(halves, i, ms[i] ?? 0);
  return { name, type: "DateTime64(3, 'UTC')", rows: ms.length, data: [bytesOf(halves)] };
}

/** Safe integers as 64-bit ones, signed or not. */
export function integerColumn(name: string, type: 'UInt64' | 'Int64', values: readonly number[]): NativeColumn {
  const halves = new Int32Array(2 * values.length);
  for (let i = 0; i < values.length; i++) writeInt64(halves, i, values[i] ?? 0);
  return numberColumn(name, type, halves);
}

export function stringColumn(name: string, values: readonly string[]): NativeColumn {
  const out = new ByteWriter();
  for (const value of values) out.string(value);
  return { name, type: 'String', rows: values.length, data: [out.take()] };
}

/** A String column of raw bytes, which need not be UTF-8. */
export function bytesColumn(name: string, values: readonly Uint8Array[]): NativeColumn {
  const data: Uint8Array[] = [];
  const out = new ByteWriter();
  for (const value of values) {
    out.varUint(value.length);
    data.push(out.take(), value);
  }
  return { name, type: 'String', rows: values.length, data };
}

/** UUIDs that stand in `bytes` as `writeUuid` puts them. */
export function uuidColumn(name: string, bytes: Uint8Array): NativeColumn {
  return { name, type: 'UUID', rows: bytes.length / 16, data: [bytes] };
}

export function uuidColumnOf(name: string, uuids: readonly string[]): NativeColumn {
  const bytes = new Uint8Array(16 * uuids.length);
  for (let i = 0; i < uuids.length; i++) writeUuid(bytes, 16 * i, uuids[i] ?? '');
  return uuidColumn(name, bytes);
}

export type DictionaryIndexes = Uint8Array | Uint16Array | Uint32Array;

/** An array of the narrowest width that can index a dictionary of that size, in `room` if given (4 bytes per row). */
export function dictionaryIndexes(dictionarySize: number, rows: number, room?: ArrayBuffer): DictionaryIndexes {
  const Indexes = dictionarySize <= 0x100 ? Uint8Array : dictionarySize <= 0x1_0000 ? Uint16Array : Uint32Array;
  return room === undefined ? new Indexes(rows) : new Indexes(room, 0, rows);
}

const LOW_CARDINALITY_VERSION = 1;
const HAS_ADDITIONAL_KEYS = 0x200;
const NEED_UPDATE_DICTIONARY = 0x400;

/** `LowCardinality(String)`: row i is `dictionary[indexes[i]]`. */
export function lowCardinalityColumn(
  name: string,
  dictionary: readonly string[],
  indexes: DictionaryIndexes,
): NativeColumn {
  const type = 'LowCardinality(String)';
  if (indexes.length === 0) return { name, type, rows: 0, data: [] };
  const width = Math.log2(indexes.BYTES_PER_ELEMENT);
  const out = new ByteWriter();
  out.uint64(LOW_CARDINALITY_VERSION);
  out.uint64(HAS_ADDITIONAL_KEYS | NEED_UPDATE_DICTIONARY | width);
  out.uint64(dictionary.length);
  for (const entry of dictionary) out.string(entry);
  out.uint64(indexes.length);
  return { name, type, rows: indexes.length, data: [out.take(), bytesOf(indexes)] };
}

export function lowCardinalityColumnOf(name: string, values: readonly string[]): NativeColumn {
  const positions = new Map<string, number>();
  for (const value of values) if (!positions.has(value)) positions.set(value, positions.size);
  const indexes = dictionaryIndexes(positions.size, values.length);
  for (let i = 0; i < values.length; i++) indexes[i] = positions.get(values[i] ?? '') ?? 0;
  return lowCardinalityColumn(name, [...positions.keys()], indexes);
}

/** `Nullable(Float64)`; undefined is NULL. */
export function nullableFloatColumn(name: string, values: readonly (number | undefined)[]): NativeColumn {
  const nulls = Uint8Array.from(values, (value) => (value === undefined ? 1 : 0));
  const numbers = Float64Array.from(values, (value) => value ?? 0);
  return { name, type: 'Nullable(Float64)', rows: values.length, data: [nulls, bytesOf(numbers)] };
}

/** A named tuple: its elements' columns one after the other. */
export function tupleColumn(name: string, elements: readonly NativeColumn[]): NativeColumn {
  const type = `Tuple(${elements.map((element) => `${element.name} ${element.type}`).join(', ')})`;
  return { name, type, rows: elements[0]?.rows ?? 0, data: elements.flatMap((element) => element.data) };
}

/** The same data under `SimpleAggregateFunction`, which stores a plain value. */
export function simpleAggregate(fn: 'sum' | 'min' | 'max', column: NativeColumn): NativeColumn {
  return { ...column, type: `SimpleAggregateFunction(${fn}, ${column.type})` };
}

/**
 * States of `varPopStable(Float64)`: per row the number of values as a variable-length integer, their mean, and the sum of squared
 * differences from the mean. States merge in the engine as those of disjoint sets of values.
 */
export function varianceStateColumn(
  name: string,
  rows: number,
  state: (row: number) => number,
  mean: Float64Array,
  squares: Float64Array,
): NativeColumn {
  const out = new ByteWriter(26 * rows);
  for (let i = 0; i < rows; i++) {
    out.varUint(state(i));
    out.float64(mean[i] ?? 0);
    out.float64(squares[i] ?? 0);
  }
  return { name, type: 'AggregateFunction(varPopStable, Float64)', rows, data: [out.take()] };
}

/** Entry `index` of an array of 64-bit integers in halves. */
export function writeInt64(halves: Int32Array, index: number, value: number): void {
  halves[2 * index] = (value % 0x1_0000_0000) | 0;
  halves[2 * index + 1] = Math.floor(value / 0x1_0000_0000);
}

/** ClickHouse keeps a UUID as two 64-bit halves of its text, each little-endian. */
export function writeUuid(bytes: Uint8Array, at: number, uuid: string): void {
  const hex = uuid.replaceAll('-', '');
  if (hex.length !== 32) throw new Error(`not a UUID: ${uuid}`);
  for (let i = 0; i < 8; i++) {
    bytes[at + 7 - i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
    bytes[at + 15 - i] = Number.parseInt(hex.slice(16 + 2 * i, 18 + 2 * i), 16);
  }
}

/** Bytes that are written one after the other into a buffer that grows. */
class ByteWriter {
  private buffer: Uint8Array;
  private view: DataView;
  private length = 0;

  constructor(capacity = 256) {
    this.buffer = new Uint8Array(Math.max(capacity, 64));
    this.view = new DataView(this.buffer.buffer);
  }

  varUint(value: number): void {
    this.reserve(10);
    let rest = value;
    while (rest >= 0x80) {
      this.buffer[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.length++] = rest;
  }

  uint64(value: number): void {
    this.reserve(8);
    this.view.setUint32(this.length, value % 0x1_0000_0000, true);
    this.view.setUint32(this.length + 4, Math.floor(value / 0x1_0000_0000), true);
    this.length += 8;
  }

  float64(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  string(value: string): void {
    // a UTF-16 unit is at most 3 bytes of UTF-8
    this.reserve(10 + 3 * value.length);
    const bytes = Buffer.byteLength(value, 'utf8');
    this.varUint(bytes);
    encoder.encodeInto(value, this.buffer.subarray(this.length));
    this.length += bytes;
  }

  /** What was written since the last take; writing goes on in a new buffer. */
  take(): Uint8Array {
    const taken = this.buffer.subarray(0, this.length);
    this.buffer = new Uint8Array(256);
    this.view = new DataView(this.buffer.buffer);
    this.length = 0;
    return taken;
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(2 * this.buffer.length, this.length + bytes));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
    this.view = new DataView(grown.buffer);
  }
}
