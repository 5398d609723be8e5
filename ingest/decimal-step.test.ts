/** Steps of JSON as whole steps and millionths. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStep } from './decimal-step.js';

describe('a step', () => {
  it.each([
    [0, 0n, 0],
    [-0, 0n, 0],
    [7, 7n, 0],
    [-3, -3n, 0],
    [0.5, 0n, 500_000],
    [-0.5, -1n, 500_000],
    [-1.25, -2n, 750_000],
    [0.1, 0n, 100_000],
    [2.9999999, 3n, 0],
    [-0.0000001, 0n, 0],
    [1_000_000_000.123457, 1_000_000_000n, 123_457],
    [Number.MAX_SAFE_INTEGER, 2n ** 53n - 1n, 0],
    ['9223372036854775807', 2n ** 63n - 1n, 0],
    ['-9223372036854775808', -(2n ** 63n), 0],
    ['9223372036854775807.999999', 2n ** 63n - 1n, 999_999],
    ['12.5', 12n, 500_000],
    ['-0.5', -1n, 500_000],
    ['-12.000001', -13n, 999_999],
    ['-7.0', -7n, 0],
    ['0007', 7n, 0],
  ])('%s is %s and %s millionths', (given, step, micro) => {
    expect(parseStep(given)).toEqual({ step, micro });
  });

  it.each([
    NaN,
    Infinity,
    -Infinity,
    null,
    true,
    [],
    {},
    undefined,
    'NaN',
    '',
    ' 1',
    '1e3',
    '0x10',
    '1.',
    '.5',
    '+1',
    '1.0000001',
    2 ** 53,
    -(2 ** 63),
    '9223372036854775808',
    '-9223372036854775809',
    '-9223372036854775808.000001',
    '99999999999999999999',
  ])('%s is refused with a sentence', (given) => {
    expect(parseStep(given)).toEqual(expect.any(String));
  });

  it('given as a number is the nearest millionth', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), (millionths) => {
        const given = millionths / 1e6;
        const step = Math.floor(millionths / 1e6);
        expect(parseStep(given)).toEqual({ step: BigInt(step), micro: millionths - step * 1e6 });
      }),
    );
  });
});
