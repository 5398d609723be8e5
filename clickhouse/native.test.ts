/** The Native encoder against a reader of its own, and against bytes that the engine wrote. */
import { describe, expect, it } from 'vitest';
import { readNativeBlock } from '../test/native-reader.js';
import {
  bytesColumn,
  dictionaryIndexes,
  integerColumn,
  lowCardinalityColumn,
  lowCardinalityColumnOf,
  nativeBlock,
  nullableFloatColumn,
  numberColumn,
  simpleAggregate,
  stringColumn,
  timeColumn,
  tupleColumn,
  uuidColumnOf,
  varianceStateColumn,
} from './native.js';

const hex = (pieces: readonly Uint8Array[]) => Buffer.concat(pieces).toString('hex');

describe('a Native block', () => {
  it('is byte for byte what the engine writes for the same rows', () => {
    // SELECT toLowCardinality(toString(number % 3)) k, toUUID('00112233-4455-6677-8899-aabbccddeeff') u,
    //   toDateTime64(1, 3, 'UTC') d, (1::Int64, 2::Int32)::Tuple(a Int64, b Int32) t FROM numbers(4) FORMAT Native
    const block = nativeBlock([
      lowCardinalityColumnOf('k', ['0', '1', '2', '0']),
      uuidColumnOf('u', Array<string>(4).fill('00112233-4455-6677-8899-aabbccddeeff')),
      timeColumn('d', [1000, 1000, 1000, 1000]),
      tupleColumn('t', [
        integerColumn('a', 'Int64', [1, 1, 1, 1]),
        numberColumn('b', 'Int32', Int32Array.of(2, 2, 2, 2)),
      ]),
    ]);
    const uuid = '7766554433221100ffeeddccbbaa9988';
    expect(hex(block)).toBe(
      '0404' +
        '016b' + '16' + Buffer.from('LowCardinality(String)').toString('hex') +
        '0100000000000000' + '0006000000000000' + '0300000000000000' + '013001310132' + '0400000000000000' + '00010200' +
        '0175' + '04' + Buffer.from('UUID').toString('hex') + uuid.repeat(4) +
        '0164' + '14' + Buffer.from("DateTime64(3, 'UTC')").toString('hex') + 'e803000000000000'.repeat(4) +
        '0174' + '17' + Buffer.from('Tuple(a Int64, b Int32)').toString('hex') +
        '0100000000000000'.repeat(4) + '02000000'.repeat(4),
    ); // prettier-ignore
  });

  it('carries a variance state as the engine serialises it', () => {
    // SELECT varPopStableState(number + 1e8) s FROM numbers(300) FORMAT RowBinary
    const state = varianceStateColumn('s', 1, () => 300, Float64Array.of(100000149.5), Float64Array.of(2249975));
    expect(hex(state.data)).toBe('ac020000005686d79741000000807b2a4141');
    expect(state.type).toBe('AggregateFunction(varPopStable, Float64)');
  });

  it('reads back as the rows that went in', () => {
    const block = nativeBlock([
      stringColumn('text', ['', 'é😀', 'x'.repeat(300)]),
      bytesColumn('raw', [Uint8Array.of(65), new Uint8Array(0), Buffer.from('B'.repeat(200))]),
      integerColumn('signed', 'Int64', [-1, Number.MIN_SAFE_INTEGER, 2 ** 32]),
      integerColumn('unsigned', 'UInt64', [0, Number.MAX_SAFE_INTEGER, 2 ** 31]),
      nullableFloatColumn('maybe', [1.5, undefined, -0]),
      simpleAggregate('min', numberColumn('float', 'Float64', Float64Array.of(1, -Infinity, 0.1))),
      timeColumn('at', [0, 1_700_000_000_123, 8.64e15]),
    ]);
    const { types, rows } = readNativeBlock(block);
    expect(types['float']).toBe('SimpleAggregateFunction(min, Float64)');
    expect(rows).toEqual([
      { text: '', raw: 'A', signed: -1n, unsigned: 0n, maybe: 1.5, float: 1, at: 0 },
      {
        text: 'é😀',
        raw: '',
        signed: BigInt(Number.MIN_SAFE_INTEGER),
        unsigned: BigInt(Number.MAX_SAFE_INTEGER),
        maybe: null,
        float: -Infinity,
        at: 1_700_000_000_123,
      },
      {
        text: 'x'.repeat(300),
        raw: 'B'.repeat(200),
        signed: 2n ** 32n,
        unsigned: 2n ** 31n,
        maybe: -0,
        float: 0.1,
        at: 8.64e15,
      },
    ]);
  });

  it.each([1, 256, 257, 65_536, 65_537])('indexes a dictionary of %i entries as narrowly as it can', (size) => {
    const dictionary = Array.from({ length: size }, (_, i) => `k${String(i)}`);
    const indexes = dictionaryIndexes(size, 3);
    indexes.set([0, size - 1, size >> 1]);
    expect(indexes.BYTES_PER_ELEMENT).toBe(size <= 256 ? 1 : size <= 65_536 ? 2 : 4);
    const { rows } = readNativeBlock(nativeBlock([lowCardinalityColumn('key', dictionary, indexes)]));
    expect(rows.map((row) => row['key'])).toEqual(['k0', `k${String(size - 1)}`, `k${String(size >> 1)}`]);
  });

  it('refuses columns of different lengths', () => {
    expect(() => nativeBlock([stringColumn('a', ['x']), stringColumn('b', [])])).toThrow('column b has 0 rows');
  });
});
