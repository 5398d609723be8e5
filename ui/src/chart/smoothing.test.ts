/** Smoothing: independent of the cells, unbiased at the start, honest about gaps. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { smoothed } from './smoothing.js';

const line = (values: readonly number[], cell = 1) => {
  const cells: number[][] = [];
  values.forEach((value, i) => (cells[Math.floor(i / cell)] ??= []).push(value));
  const finite = cells.map((points) => points.filter(Number.isFinite));
  return {
    mean: Float64Array.from(finite, (points) => points.reduce((a, b) => a + b, 0) / points.length),
    finite: Float64Array.from(finite, (points) => points.length),
  };
};

describe('smoothed', () => {
  test('is the debiased moving average that everybody knows, over single points', () => {
    let past = 0;
    const values = [3, 1, 4, 1, 5, 9, 2, 6];
    const expected = values.map((value, i) => {
      past = 0.6 * past + 0.4 * value;
      return past / (1 - 0.6 ** (i + 1));
    });
    smoothed(line(values), 0.6).forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 12));
  });

  test('gives the same curve at the end of every cell whatever the cells, as far as a cell is flat', () => {
    const values = Array.from({ length: 4096 }, (_, i) => Math.floor(i / 64) % 7);
    const raw = smoothed(line(values), 0.98);
    for (const cell of [2, 16, 64]) {
      smoothed(line(values, cell), 0.98).forEach((value, i) =>
        expect(value).toBeCloseTo(raw[i * cell + cell - 1] ?? NaN, 9),
      );
    }
  });

  test('stays close to the raw curve where cells are not flat', () => {
    const values = Array.from({ length: 6400 }, (_, i) => Math.exp(-i / 1000) + ((i * 7919) % 13) / 100);
    const raw = smoothed(line(values), 0.99);
    smoothed(line(values, 64), 0.99).forEach((value, i) =>
      expect(Math.abs(value - (raw[i * 64 + 63] ?? NaN))).toBeLessThan(0.02),
    );
  });

  test('does not depend on what comes later', () => {
    const values = Array.from({ length: 500 }, (_, i) => Math.sin(i));
    expect(smoothed(line(values.slice(0, 200)), 0.9)).toEqual(smoothed(line(values), 0.9).slice(0, 200));
  });

  test('keeps a constant, leaves gaps where nothing is finite and stays within the values', () => {
    expect([...smoothed(line([2, NaN, 2, 2]), 0.999)].map((value) => Number(value.toFixed(9)))).toEqual([2, NaN, 2, 2]);
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (values, weight) => {
          const slack = 1e-6;
          for (const value of smoothed(line(values), weight)) {
            expect(value).toBeGreaterThanOrEqual(Math.min(...values) - slack);
            expect(value).toBeLessThanOrEqual(Math.max(...values) + slack);
          }
        },
      ),
    );
  });
});
