/** How numbers are shown. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDelta, formatNumber, formatShort } from './number.js';

const back = (text: string) => Number(text.replaceAll(',', '').replaceAll('\u2212', '-').replace('∞', 'Infinity'));

describe('formatNumber', () => {
  test.each([
    [0, '0'],
    [-0.00001234567, '−1.235e−5'],
    [0.95, '0.9500'],
    [0.00012346, '0.0001235'],
    [1234.5678, '1,235'],
    [99.99999, '100.0'],
    [1797, '1,797'],
    [1e9, '1e9'],
    [6.02214e23, '6.022e23'],
    ['NaN', 'NaN'],
    ['-Infinity', '−∞'],
    [null, ''],
  ] as const)('shows %s as %s', (value, shown) => {
    expect(formatNumber(value)).toBe(shown);
  });

  test('stays within half a unit of the last digit shown, for every finite number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e308, max: 1e308 }), (value) => {
        expect(Math.abs(back(formatNumber(value)) - value)).toBeLessThanOrEqual(Math.abs(value) * 5.01e-4);
      }),
    );
  });

  test.each([
    [0.001, '0.001'],
    [-2.5, '−2.5'],
    [0.123456789, '0.12346'],
    [12345, '12,345'],
    ['NaN', 'NaN'],
  ] as const)('standing alone, %s is %s', (value, shown) => {
    expect(formatShort(value)).toBe(shown);
  });

  test('gives a difference its sign', () => {
    expect(formatDelta(0.01234)).toBe('+0.0123');
    expect(formatDelta(-3)).toBe('−3');
    expect(formatDelta(0)).toBe('0');
  });
});
