/** Reading ClickHouse's JSON: integers stay exact whatever type they sit in, everything else is as JSON.parse gives it. */
import { expect, test } from 'vitest';
import { parseColumns, parseRows, parseShape } from './answer.js';

const rows = (columns: Record<string, string>, ...data: string[]) =>
  parseRows(
    `{"meta": [${Object.entries(columns)
      .map(([name, type]) => JSON.stringify({ name, type }))
      .join(', ')}], "data": [${data.join(', ')}], "rows": ${data.length}}`,
  );

test('rows are objects by column name', () => {
  expect(rows({ a: 'UInt8', b: 'Nullable(String)' }, '[1, "x"]', '[2, null]')).toEqual([
    { a: 1, b: 'x' },
    { a: 2, b: null },
  ]);
  expect(rows({ a: 'UInt8' })).toEqual([]);
});

test('a wide integer is a number where that is exact, and its digits beyond', () => {
  expect(
    rows(
      { n: 'Int64' },
      '[9007199254740991]',
      '[9007199254740992]',
      '[9007199254740993]',
      '[-9223372036854775808]',
      '[7]',
    ),
  ).toEqual([
    { n: 9007199254740991 },
    { n: '9007199254740992' },
    { n: '9007199254740993' },
    { n: '-9223372036854775808' },
    { n: 7 },
  ]);
});

test.each([
  ['Array(UInt64)', '[[1, 18446744073709551615]]', [1, '18446744073709551615']],
  ['Nullable(Int64)', '[null]', null],
  ['LowCardinality(Nullable(UInt64))', '[18446744073709551615]', '18446744073709551615'],
  ['Map(String, Int64)', '[{"a": 9007199254740993, "b": 1}]', { a: '9007199254740993', b: 1 }],
  [
    'Tuple(step Int64, value Float64)',
    '[{"step": 9007199254740993, "value": 10000000000000000000}]',
    { step: '9007199254740993', value: 1e19 },
  ],
  ['Tuple(Int64, Float64)', '[[9007199254740993, 0.1]]', ['9007199254740993', 0.1]],
  [
    'SimpleAggregateFunction(max, Tuple(step Int64, micro Int32))',
    '[{"step": 9007199254740993, "micro": 5}]',
    { step: '9007199254740993', micro: 5 },
  ],
  [
    'Array(Tuple(`a, (b` Int64, c String))',
    '[[{"a, (b": 9007199254740993, "c": "9007199254740993"}]]',
    [{ 'a, (b': '9007199254740993', c: '9007199254740993' }],
  ],
  ["DateTime64(3, 'UTC')", '["2024-01-01T00:00:00.000Z"]', '2024-01-01T00:00:00.000Z'],
])('inside of %s', (type, cells, expected) => {
  expect(rows({ x: type, other: 'Int64' }, cells.replace(/\]$/, ', 9007199254740993]'))).toEqual([
    { x: expected, other: '9007199254740993' },
  ]);
});

test('digits in strings and in floats are left alone', () => {
  expect(
    rows(
      { s: 'String', f: 'Float64', n: 'UInt64' },
      '["say \\"9007199254740993\\", 12345678901234567890", 0.30000000000000004, 9007199254740993]',
    ),
  ).toEqual([{ s: 'say "9007199254740993", 12345678901234567890', f: 0.30000000000000004, n: '9007199254740993' }]);
  expect(rows({ f: 'Float64', n: 'UInt64' }, '[1000000000000000000, 9007199254740993]')[0]).toEqual({
    f: 1e18,
    n: '9007199254740993',
  });
});

test('words for what JSON has no numbers for stay words', () => {
  expect(rows({ f: 'Float64' }, '["nan"]', '["-inf"]')).toEqual([{ f: 'nan' }, { f: '-inf' }]);
});

test('columns are arrays by name, exact as rows are', () => {
  const json = `{"meta": [{"name": "n", "type": "Int64"}, {"name": "f", "type": "Float64"}],
    "data": {"n": [1, 9007199254740993], "f": [0.5, "nan"]}, "rows": 2}`;
  expect(parseColumns(json)).toEqual({ rows: 2, columns: { n: [1, '9007199254740993'], f: [0.5, 'nan'] } });
});

test('a type without wide integers costs no look at its cells', () => {
  expect(parseShape('Tuple(a Int32, b Array(Float64))')).toEqual({ kind: 'plain' });
  expect(parseShape('AggregateFunction(sum, UInt64)')).toEqual({ kind: 'plain' });
});
