/** Reads a block in ClickHouse's Native format, for tests: written from the format, not from the encoder, so that the two check each other. */

export interface VarianceState {
  readonly count: number;
  readonly mean: number;
  readonly squares: number;
}

export type NativeValue = string | number | bigint | null | VarianceState | readonly NativeValue[];
export type NativeRow = Record<string, NativeValue>;

/** The rows of one block that may come in pieces. 64-bit integers come as bigint, times in ms. */
export function readNativeBlock(body: Uint8Array | readonly Uint8Array[]): {
  types: Record<string, string>;
  rows: NativeRow[];
} {
  const bytes = body instanceof Uint8Array ? body : Buffer.concat(body);
  const cursor = new Cursor(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const columnCount = cursor.varUint();
  const rowCount = cursor.varUint();
  const types: Record<string, string> = {};
  const rows = Array.from({ length: rowCount }, (): NativeRow => ({}));
  for (let c = 0; c < columnCount; c++) {
    const name = cursor.string();
    const type = cursor.string();
    types[name] = type;
    readColumn(cursor, type, rowCount).forEach((value, i) => {
      const row = rows[i];
      if (row !== undefined) row[name] = value;
    });
  }
  if (!cursor.atEnd()) throw new Error('bytes after the block');
  return { types, rows };
}

/** Number of rows of a block, without reading them. */
export function rowsOfBlock(body: readonly Uint8Array[]): number {
  const cursor = new Cursor(Buffer.concat(body));
  cursor.varUint();
  return cursor.varUint();
}

function readColumn(cursor: Cursor, type: string, rows: number): NativeValue[] {
  const repeat = <T extends NativeValue>(read: () => T) => Array.from({ length: rows }, read);
  const inner = argumentsOf(type);
  if (type === 'UInt8') return repeat(() => cursor.bytes.readUInt8(cursor.pass(1)));
  if (type === 'UInt32') return repeat(() => cursor.bytes.readUInt32LE(cursor.pass(4)));
  if (type === 'Int32') return repeat(() => cursor.bytes.readInt32LE(cursor.pass(4)));
  if (type === 'UInt64') return repeat(() => cursor.bytes.readBigUInt64LE(cursor.pass(8)));
  if (type === 'Int64') return repeat(() => cursor.bytes.readBigInt64LE(cursor.pass(8)));
  if (type === 'Float64') return repeat(() => cursor.bytes.readDoubleLE(cursor.pass(8)));
  if (type === 'String') return repeat(() => cursor.string());
  if (type === 'UUID') return repeat(() => cursor.uuid());
  if (type.startsWith('DateTime64(3')) return repeat(() => Number(cursor.bytes.readBigInt64LE(cursor.pass(8))));
  if (type === 'LowCardinality(String)') return rows === 0 ? [] : readLowCardinality(cursor, rows);
  if (type.startsWith('Nullable(')) {
    const nulls = repeat(() => cursor.bytes.readUInt8(cursor.pass(1)));
    return readColumn(cursor, inner[0] ?? '', rows).map((value, i) => (nulls[i] === 1 ? null : value));
  }
  if (type.startsWith('SimpleAggregateFunction(')) return readColumn(cursor, inner[1] ?? '', rows);
  if (type.startsWith('Tuple(')) {
    const elements = inner.map((element) => readColumn(cursor, element.slice(element.indexOf(' ') + 1), rows));
    return Array.from({ length: rows }, (_, i) => elements.map((element) => element[i] ?? null));
  }
  if (type === 'AggregateFunction(varPopStable, Float64)') {
    return repeat(() => ({
      count: cursor.varUint(),
      mean: cursor.bytes.readDoubleLE(cursor.pass(8)),
      squares: cursor.bytes.readDoubleLE(cursor.pass(8)),
    }));
  }
  throw new Error(`a type this reader does not know: ${type}`);
}

function readLowCardinality(cursor: Cursor, rows: number): string[] {
  if (cursor.bytes.readBigUInt64LE(cursor.pass(8)) !== 1n) throw new Error('version of the keys');
  const flags = Number(cursor.bytes.readBigUInt64LE(cursor.pass(8)));
  if ((flags & ~0xff) !== 0x600) throw new Error(`flags ${flags.toString(16)}`);
  const keys = Array.from({ length: Number(cursor.bytes.readBigUInt64LE(cursor.pass(8))) }, () => cursor.string());
  if (Number(cursor.bytes.readBigUInt64LE(cursor.pass(8))) !== rows) throw new Error('rows of the indexes');
  const width = 1 << (flags & 0xff);
  return Array.from({ length: rows }, () => {
    const key = keys[cursor.bytes.readUIntLE(cursor.pass(width), width)];
    if (key === undefined) throw new Error('an index past the dictionary');
    return key;
  });
}

/** `F(a, G(b, c))` → [`a`, `G(b, c)`]. */
function argumentsOf(type: string): string[] {
  const open = type.indexOf('(');
  if (open < 0) return [];
  const found: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let i = open + 1; i < type.length; i++) {
    const char = type[i];
    if (char === '(') depth++;
    if ((char === ',' || char === ')') && depth === 0) {
      found.push(type.slice(start, i).trim());
      start = i + 1;
    }
    if (char === ')') depth--;
  }
  return found;
}

class Cursor {
  private at = 0;

  constructor(readonly bytes: Buffer) {}

  atEnd(): boolean {
    return this.at === this.bytes.length;
  }

  /** Goes past so many bytes, and gives where they begin. */
  pass(length: number): number {
    const start = this.at;
    if (start + length > this.bytes.length) throw new Error('the block is truncated');
    this.at += length;
    return start;
  }

  varUint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.bytes.readUInt8(this.pass(1));
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  string(): string {
    const length = this.varUint();
    const start = this.pass(length);
    return this.bytes.toString('utf8', start, start + length);
  }

  uuid(): string {
    const half = () => this.bytes.readBigUInt64LE(this.pass(8)).toString(16).padStart(16, '0');
    const hex = half() + half();
    const part = (from: number, to: number) => hex.slice(from, to);
    return [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join('-');
  }
}
