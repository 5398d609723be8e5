/** Encoding of bound values; that the server reads them back unchanged is tested in client.integration.test.ts. */
import { expect, test } from 'vitest';
import { encodeParam, type Param } from './params.js';

test.each<[Param, string]>([
  ['plain', 'plain'],
  ["it's", "it\\'s"],
  ['a\tb\nc\\d\r\0', 'a\\tb\\nc\\\\d\\r\\0'],
  [null, '\\N'],
  [-5, '-5'],
  [0.1, '0.1'],
  [NaN, 'nan'],
  [-Infinity, '-inf'],
  [18446744073709551615n, '18446744073709551615'],
  [true, '1'],
  [new Date(1700000000123), '1700000000.123'],
  [[], '[]'],
  [['a', "b'"], "['a','b\\'']"],
  [[1, null, [NaN]], '[1,NULL,[nan]]'],
])('a value is sent by its type: %#', (value, sent) => {
  expect(encodeParam(value)).toBe(sent);
});
