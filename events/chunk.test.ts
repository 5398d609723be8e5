/**
 * The chunk format: what is encoded comes back, columns are read in place, and every rule of docs/EVENTS.md is checked under
 * its own field name. The file is long because every rule has its row.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../runtime/limits.js';
import { CURRENT_GENERATION, decodeChunk, encodeChunk, inspectChunk, type Chunk } from './chunk.js';
import { columnOffsets, padded } from './chunk-layout.js';
import { crc32c, crc32Ieee } from './crc32c.js';
import { compressBlock } from './lz4.js';
import { canonicalContext } from './metric-context.js';

const small: Chunk = {
  kind: 'points',
  writer: 'w1',
  seq: 7,
  generation: CURRENT_GENERATION,
  series: [
    { key: 'train/loss', context: '' },
    { key: 'train/loss', context: '{"rank":"0"}' },
  ],
  seriesIndex: [0, 1, 0],
  step: [1, 1, 2],
  micro: [0, 0, 500_000],
  time: [1000, 1001, 1002],
  value: [0.5, Number.NaN, Number.POSITIVE_INFINITY],
};

function decoded(bytes: Uint8Array) {
  const result = decodeChunk(bytes);
  if (!result.ok) throw new Error(`${result.error.field} ${result.error.detail}`);
  return result.value;
}

/** The field that both ways of reading blame. */
function blamed(bytes: Uint8Array): string {
  const results = [decodeChunk(bytes), inspectChunk(bytes)];
  const [field, other] = results.map((result) => (result.ok ? 'nothing' : result.error.field));
  expect(other).toBe(field);
  return field ?? 'nothing';
}

/** A frame from raw parts, with a checksum that holds; what is left out is right. */
function rawFrame(parts: {
  version?: number;
  kind?: number;
  flags?: number;
  header?: Buffer;
  headerBytes?: number;
  rows?: number;
  body?: Buffer;
  bodyBytes?: number;
  storedBytes?: number;
  padding?: Buffer;
}): Buffer {
  const header = parts.header ?? rawHeader({});
  const rows = parts.rows ?? 1;
  const body = parts.body ?? rawBody({});
  const stored = parts.storedBytes ?? body.length;
  const fixed = Buffer.alloc(24);
  fixed.write('RLCK', 0, 'latin1');
  fixed[4] = parts.version ?? 1;
  fixed[5] = parts.kind ?? 0;
  fixed.writeUInt16LE(parts.flags ?? 0, 6);
  fixed.writeUInt32LE(parts.headerBytes ?? header.length, 8);
  fixed.writeUInt32LE(rows, 12);
  fixed.writeUInt32LE(parts.bodyBytes ?? columnOffsets(rows, ((parts.flags ?? 0) & 1) === 1).bytes, 16);
  fixed.writeUInt32LE(stored, 20);
  const padding = parts.padding ?? Buffer.alloc(padded(body.length, 4) - body.length);
  const content = Buffer.concat([fixed, header, body, padding]);
  const crc = Buffer.alloc(4);
  crc.writeUInt32LE(((parts.flags ?? 0) & 4) === 0 ? crc32c(content) : crc32Ieee(content));
  return Buffer.concat([content, crc]);
}

/** One row: series 0, step 1, time 1000, value 0.5. */
function rawBody(row: { series?: number; pad?: number; time?: bigint; micro?: number; microPad?: number }): Buffer {
  const micro = row.micro === undefined ? 0 : 8;
  const body = Buffer.alloc(32 + micro);
  body.writeUInt32LE(row.series ?? 0, 0);
  body.writeUInt32LE(row.pad ?? 0, 4);
  body.writeBigInt64LE(1n, 8);
  if (row.micro !== undefined) body.writeInt32LE(row.micro, 16);
  if (row.microPad !== undefined) body.writeInt32LE(row.microPad, 20);
  body.writeBigInt64LE(row.time ?? 1000n, 16 + micro);
  body.writeDoubleLE(0.5, 24 + micro);
  return body;
}

const text = (value: string | Buffer, length?: number): Buffer => {
  const bytes = Buffer.from(value);
  const head = Buffer.alloc(2);
  head.writeUInt16LE(length ?? bytes.length);
  return Buffer.concat([head, bytes]);
};

const rawSeries = (key: Buffer, ...entries: (readonly [string, string])[]): Buffer =>
  Buffer.concat([key, Buffer.of(entries.length), ...entries.flatMap(([name, value]) => [text(name), text(value)])]);

function rawHeader(parts: {
  writer?: Buffer;
  seq?: bigint;
  count?: number;
  series?: Buffer[];
  padding?: Buffer;
}): Buffer {
  const series = parts.series ?? [rawSeries(text('a'))];
  const numbers = Buffer.alloc(16);
  numbers.writeBigUInt64LE(parts.seq ?? 1n, 0);
  numbers.writeUInt32LE(parts.count ?? series.length, 12);
  const content = Buffer.concat([parts.writer ?? text('w'), numbers, ...series]);
  return Buffer.concat([content, parts.padding ?? Buffer.alloc(padded(content.length, 8) - content.length)]);
}

const withHeader = (parts: Parameters<typeof rawHeader>[0]) => rawFrame({ header: rawHeader(parts) });
const withSeries = (...series: Buffer[]) => withHeader({ series });
const flipped = (at: number, bytes: Uint8Array = encodeChunk(small)): Uint8Array => {
  const copy = new Uint8Array(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};

/** The same chunk with a flag more, under the checksum given. */
function withFlag(bytes: Uint8Array, flag: number, checksum: (bytes: Uint8Array) => number): Buffer {
  const copy = Buffer.from(bytes);
  copy[6] = (copy[6] ?? 0) | flag;
  copy.writeUInt32LE(checksum(copy.subarray(0, -4)), copy.length - 4);
  return copy;
}

describe('a chunk', () => {
  it('comes back as it was encoded, compressed or not', () => {
    for (const lz4 of [false, true]) {
      const chunk = decoded(encodeChunk({ ...small, lz4 }));
      expect(chunk).toMatchObject({ kind: 'points', writer: 'w1', seq: 7, generation: CURRENT_GENERATION, rows: 3 });
      expect(chunk.series).toEqual(small.series);
      expect([...chunk.seriesIndex]).toEqual([0, 1, 0]);
      expect([...chunk.step]).toEqual([1n, 1n, 2n]);
      expect([...(chunk.micro ?? [])]).toEqual([0, 0, 500_000]);
      expect([...chunk.time]).toEqual([1000n, 1001n, 1002n]);
      expect([...chunk.value]).toEqual(small.value);
    }
  });

  it('has no micro-steps when none were given', () => {
    const { micro: _, ...whole } = small;
    expect(decoded(encodeChunk(whole)).micro).toBeUndefined();
  });

  it('is a heartbeat without series and points', () => {
    const none = { series: [], seriesIndex: [], step: [], time: [], value: [] };
    const bytes = encodeChunk({ kind: 'heartbeat', writer: 'w', seq: 0, generation: 2, ...none });
    expect(decoded(bytes)).toMatchObject({ kind: 'heartbeat', seq: 0, generation: 2, rows: 0, series: [] });
  });

  it('is read in place, and copied only where the bytes lie askew', () => {
    const bytes = encodeChunk(small);
    expect(decoded(bytes).value.buffer).toBe(bytes.buffer);
    const askew = new Uint8Array(bytes.length + 3);
    askew.set(bytes, 3);
    const chunk = decoded(askew.subarray(3));
    expect(chunk.value.buffer).not.toBe(askew.buffer);
    expect([...chunk.value]).toEqual(small.value);
  });

  it('gives the same dictionary object for the same dictionary bytes', () => {
    const first = decoded(encodeChunk(small)).series;
    expect(decoded(encodeChunk({ ...small, seq: 8, writer: 'w2' })).series).toBe(first);
    const other = [{ key: 'other', context: '' }, ...small.series.slice(1)];
    expect(decoded(encodeChunk({ ...small, series: other })).series).toEqual(other);
  });

  it('may carry the CRC-32 of zlib instead of CRC-32C', () => {
    expect([...decoded(withFlag(encodeChunk(small), 4, crc32Ieee)).value]).toEqual(small.value);
  });

  it('says the same to inspection as to decoding', () => {
    const bytes = encodeChunk({ ...small, lz4: true });
    const info = inspectChunk(bytes);
    const { kind, writer, seq, generation, series, rows } = decoded(bytes);
    expect(info).toEqual({ ok: true, value: { kind, writer, seq, generation, series, rows } });
  });

  const row = fc.record({
    series: fc.nat(2),
    step: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    micro: fc.nat(999_999),
    time: fc.nat({ max: 8_640_000_000_000_000 }),
    value: fc.double(),
  });
  const key = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 40 })
    .filter((k) => !/[\u0000-\u001f\u007f]/.test(k));
  const context = fc.dictionary(key, key, { maxKeys: 4 }).map((entries) => canonicalContext({ ...entries }));

  it('keeps any points, keys and contexts', () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 60 }),
        fc.uniqueArray(fc.record({ key, context }), { minLength: 3, maxLength: 3, selector: (s) => s.key + s.context }),
        fc.nat({ max: Number.MAX_SAFE_INTEGER }),
        fc.boolean(),
        fc.boolean(),
        (rows, series, seq, lz4, hasMicro) => {
          const column = <K extends keyof (typeof rows)[number]>(name: K) => rows.map((r) => r[name]);
          const columns = {
            seriesIndex: column('series'),
            step: column('step'),
            time: column('time'),
            value: column('value'),
          };
          const micro = hasMicro ? column('micro') : undefined;
          const chunk = decoded(encodeChunk({ ...small, seq, series, ...columns, micro, lz4 }));
          expect(chunk.seq).toBe(seq);
          expect(chunk.series).toEqual(series);
          expect([...chunk.seriesIndex]).toEqual(columns.seriesIndex);
          expect([...chunk.step]).toEqual(columns.step);
          expect(chunk.micro && [...chunk.micro]).toEqual(micro);
          expect([...chunk.time].map(Number)).toEqual(columns.time);
          expect([...chunk.value]).toEqual(columns.value);
        },
      ),
    );
  });

  it('takes steps as safe numbers of both signs', () => {
    const step = [0, -1, -(2 ** 32), 2 ** 32 - 1, 2 ** 31, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
    const rest = { seriesIndex: step.map(() => 0), time: step.map(() => 0), value: step, micro: undefined };
    expect([...decoded(encodeChunk({ ...small, ...rest, step })).step].map(Number)).toEqual(step);
    expect(() => encodeChunk({ ...small, ...rest, step: step.map(() => 0.5) })).toThrow(RangeError);
    expect(() => encodeChunk({ ...small, step: [1] })).toThrow(RangeError);
  });

  it('never breaks the reader, whatever bytes come', () => {
    const bytes = encodeChunk(small);
    fc.assert(
      fc.property(fc.nat(bytes.length - 5), fc.nat(255), (at, byte) => {
        const copy = Buffer.from(bytes);
        copy[at] = byte;
        copy.writeUInt32LE(crc32c(copy.subarray(0, -4)), copy.length - 4);
        const result = decodeChunk(copy);
        if (!result.ok) expect(result.error.field).toMatch(/^frame/);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        expect(decodeChunk(noise).ok).toBe(false);
      }),
    );
  });
});

describe('a chunk is refused by the name of its fault:', () => {
  it('the parts that the tests put together by hand are a good chunk', () => {
    expect(blamed(rawFrame({}))).toBe('nothing');
    expect(blamed(rawFrame({ flags: 1, body: rawBody({ micro: 999_999 }) }))).toBe('nothing');
    expect(blamed(rawFrame({ flags: 2, body: Buffer.from(compressBlock(rawBody({}))) }))).toBe('nothing');
    expect(blamed(rawFrame({ flags: 4 }))).toBe('nothing');
  });

  it.each([
    ['empty', Buffer.alloc(0), 'frame'],
    ['cut inside the fixed part', encodeChunk(small).subarray(0, 20), 'frame'],
    ['cut before the checksum', encodeChunk(small).subarray(0, -1), 'frame'],
    ['bytes after the checksum', Buffer.concat([encodeChunk(small), Buffer.of(0)]), 'frame'],
    ['larger than a chunk may be', new Uint8Array(limits.chunkBytesMax + 1), 'frame'],
    ['magic', flipped(0), 'frame.magic'],
    ['a later version', rawFrame({ version: 2 }), 'frame.version'],
    ['version 0', rawFrame({ version: 0 }), 'frame.version'],
    ['kind 1 (console, reserved)', rawFrame({ kind: 1 }), 'frame.kind'],
    ['kind 2 (media, reserved)', rawFrame({ kind: 2 }), 'frame.kind'],
    ['kind 4', rawFrame({ kind: 4 }), 'frame.kind'],
    ['a reserved flag', rawFrame({ flags: 8 }), 'frame.flags'],
    ['the highest flag', rawFrame({ flags: 0x8000 }), 'frame.flags'],
    ['header bytes that are no multiple of 8', rawFrame({ headerBytes: 36 }), 'frame.headerBytes'],
    ['header bytes of -8', rawFrame({ headerBytes: 0xffff_fff8 }), 'frame.headerBytes'],
    ['more header bytes than there are', rawFrame({ headerBytes: 4096 }), 'frame'],
    ['no rows', rawFrame({ rows: 0, body: Buffer.alloc(0) }), 'frame.rows'],
    ['-1 rows', rawFrame({ rows: 0xffff_ffff, bodyBytes: 32 }), 'frame.rows'],
    ['one row too many', rawFrame({ rows: limits.chunkRowsMax + 1 }), 'frame.rows'],
    ['body bytes that do not fit the rows', rawFrame({ bodyBytes: 40 }), 'frame.bodyBytes'],
    ['body bytes of -8', rawFrame({ bodyBytes: 0xffff_fff8 }), 'frame.bodyBytes'],
    ['stored bytes that differ without LZ4', rawFrame({ storedBytes: 24 }), 'frame.storedBytes'],
    ['stored bytes of -1', rawFrame({ flags: 2, storedBytes: 0xffff_ffff }), 'frame.storedBytes'],
    ['a flipped bit in the header', flipped(30), 'frame.crc'],
    ['a flipped bit in the body', flipped(encodeChunk(small).length - 9), 'frame.crc'],
    ['a CRC-32C where the flags say CRC-32', withFlag(encodeChunk(small), 4, crc32c), 'frame.crc'],
    ['a CRC-32 where the flags say CRC-32C', withFlag(encodeChunk(small), 0, crc32Ieee), 'frame.crc'],
    ['a flipped bit in the checksum', flipped(encodeChunk(small).length - 1), 'frame.crc'],
  ])('%s', (_, bytes, field) => {
    expect(blamed(bytes)).toBe(field);
  });

  it.each([
    ['no writer', withHeader({ writer: text('') }), 'frame.header.writer'],
    ['a writer of 201 bytes', withHeader({ writer: text('w'.repeat(201)) }), 'frame.header.writer'],
    ['a writer that runs past the header', withHeader({ writer: text('w', 65_535) }), 'frame.header.writer'],
    ['a writer with a line break', withHeader({ writer: text('a\nb') }), 'frame.header.writer'],
    ['a writer that is no UTF-8', withHeader({ writer: text(Buffer.of(0xff)) }), 'frame.header.writer'],
    ['an empty header', rawFrame({ header: Buffer.alloc(0) }), 'frame.header.writer'],
    ['a header that ends before its counts', rawFrame({ header: Buffer.from('\x01\0w\0\0\0\0\0') }), 'frame.header'],
    ['seq 2^53', withHeader({ seq: 2n ** 53n }), 'frame.header.seq'],
    ['seq -1', withHeader({ seq: 2n ** 64n - 1n }), 'frame.header.seq'],
    ['too many series', withHeader({ count: limits.chunkSeriesMax + 1 }), 'frame.header.series'],
    ['-1 series', withHeader({ count: 0xffff_ffff }), 'frame.header.series'],
    ['more series than there are', withHeader({ count: 3 }), 'frame.header.series[1].key'],
    [
      'fewer series than there are',
      withHeader({ count: 1, series: [rawSeries(text('a')), rawSeries(text('bcdefghij'))] }),
      'frame.header',
    ],
    ['an empty key', withSeries(rawSeries(text(''))), 'frame.header.series[0].key'],
    ['a key of 1025 bytes', withSeries(rawSeries(text('k'.repeat(1025)))), 'frame.header.series[0].key'],
    [
      'a key with a control character',
      withSeries(rawSeries(text('a')), rawSeries(text('b\u0000'))),
      'frame.header.series[1].key',
    ],
    ['a key that is no UTF-8', withSeries(rawSeries(text(Buffer.of(0x61, 0xc3)))), 'frame.header.series[0].key'],
    [
      'a key with a surrogate in UTF-8',
      withSeries(rawSeries(text(Buffer.of(0xed, 0xa0, 0x80)))),
      'frame.header.series[0].key',
    ],
    [
      'a series twice',
      withSeries(rawSeries(text('a')), rawSeries(text('b')), rawSeries(text('a'))),
      'frame.header.series[2]',
    ],
    [
      'a series twice with its context',
      withSeries(rawSeries(text('a'), ['r', '0']), rawSeries(text('a'), ['r', '0'])),
      'frame.header.series[1]',
    ],
    [
      'context names out of order',
      withSeries(rawSeries(text('a'), ['s', '0'], ['r', '0'])),
      'frame.header.series[0].context[1].name',
    ],
    [
      'a context name twice',
      withSeries(rawSeries(text('a'), ['r', '0'], ['r', '1'])),
      'frame.header.series[0].context[1].name',
    ],
    [
      'context names in UTF-16 order',
      withSeries(rawSeries(text('a'), ['\u{10000}', ''], ['\uffee', ''])),
      'frame.header.series[0].context[1].name',
    ],
    ['an empty context name', withSeries(rawSeries(text('a'), ['', '0'])), 'frame.header.series[0].context[0].name'],
    [
      'a context value with a control character',
      withSeries(rawSeries(text('a'), ['r', '\u0007'])),
      'frame.header.series[0].context[0].value',
    ],
    [
      '17 context entries',
      withSeries(rawSeries(text('a'), ...Array.from({ length: 17 }, (_, i) => [`n${String(i + 10)}`, ''] as const))),
      'frame.header.series[0].context',
    ],
    [
      'a context too large as JSON',
      withSeries(rawSeries(text('a'), ['n', 'v'.repeat(1020)])),
      'frame.header.series[0].context',
    ],
    [
      'a context that runs past the header',
      withSeries(Buffer.concat([text('a'), Buffer.of(9)])),
      'frame.header.series[0].context[0].name',
    ],
    ['padding that is not zero', withHeader({ padding: Buffer.of(1) }), 'frame.header.padding'],
    ['padding of 8 bytes and more', withHeader({ padding: Buffer.alloc(9) }), 'frame.header'],
  ])('%s', (_, bytes, field) => {
    expect(blamed(bytes)).toBe(field);
  });

  it.each([
    [
      'a series index that is not in the dictionary',
      rawFrame({ body: rawBody({ series: 1 }) }),
      'frame.body.series[0]',
    ],
    ['a series index of -1', rawFrame({ body: rawBody({ series: 0xffff_ffff }) }), 'frame.body.series[0]'],
    ['padding between columns', rawFrame({ body: rawBody({ pad: 1 }) }), 'frame.body.series[1]'],
    ['a micro-step of 1 000 000', rawFrame({ flags: 1, body: rawBody({ micro: 1_000_000 }) }), 'frame.body.micro[0]'],
    ['a micro-step of -1', rawFrame({ flags: 1, body: rawBody({ micro: -1 }) }), 'frame.body.micro[0]'],
    [
      'padding after micro-steps',
      rawFrame({ flags: 1, body: rawBody({ micro: 0, microPad: 1 }) }),
      'frame.body.micro[1]',
    ],
    ['a time before 1970', rawFrame({ body: rawBody({ time: -1n }) }), 'frame.body.time[0]'],
    ['a time after the last date', rawFrame({ body: rawBody({ time: 8_640_000_000_000_001n }) }), 'frame.body.time[0]'],
    ['the largest time', rawFrame({ body: rawBody({ time: 2n ** 63n - 1n }) }), 'frame.body.time[0]'],
    ['a body that is no LZ4 block', rawFrame({ flags: 2, body: Buffer.from([0xff, 0xff, 0xff]) }), 'frame.body'],
    [
      'an LZ4 block that holds more',
      rawFrame({ flags: 2, body: Buffer.from(compressBlock(Buffer.alloc(4_000_000))) }),
      'frame.body',
    ],
    [
      'an LZ4 block that holds less',
      rawFrame({ flags: 2, body: Buffer.from(compressBlock(Buffer.alloc(24))) }),
      'frame.body',
    ],
    ['an empty LZ4 block', rawFrame({ flags: 2, body: Buffer.alloc(0) }), 'frame.body'],
    [
      'padding before the checksum',
      rawFrame({ flags: 2, storedBytes: 3, body: Buffer.from([1, 2, 3]), padding: Buffer.of(9) }),
      'frame.padding',
    ],
    ['a heartbeat with rows', rawFrame({ kind: 3, header: rawHeader({ series: [] }) }), 'frame.rows'],
    ['a heartbeat with flags', rawFrame({ kind: 3, flags: 1, rows: 0, body: Buffer.alloc(0) }), 'frame.flags'],
    ['a heartbeat with series', rawFrame({ kind: 3, rows: 0, body: Buffer.alloc(0) }), 'frame.header.series'],
    [
      'a heartbeat with a body',
      rawFrame({ kind: 3, rows: 0, bodyBytes: 32, header: rawHeader({ series: [] }) }),
      'frame.bodyBytes',
    ],
  ])('%s', (_, bytes, field) => {
    expect(blamed(bytes)).toBe(field);
  });

  it('the same faults once the dictionary is remembered', () => {
    expect(blamed(rawFrame({}))).toBe('nothing');
    expect(blamed(rawFrame({ body: rawBody({ series: 1 }) }))).toBe('frame.body.series[0]');
    expect(blamed(withHeader({ seq: 2n ** 53n }))).toBe('frame.header.seq');
  });
});
