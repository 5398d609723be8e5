/** How axes are cut and cells found. */
import { describe, expect, test } from 'vitest';
import { asinhThreshold, nearestCell, padded, roundedRange, scaleKind, visibleCells } from './line-range.js';

describe('axes', () => {
  test('go logarithmic only while everything is positive, and never blank for zero or below', () => {
    expect(scaleKind(true, { min: 1e-4, max: 10 })).toBe('log');
    expect(scaleKind(true, { min: 0, max: 10 })).toBe('asinh');
    expect(scaleKind(true, { min: -3, max: -1 })).toBe('asinh');
    expect(scaleKind(false, { min: 1, max: 2 })).toBe('linear');
    expect(asinhThreshold({ min: -250, max: 10 })).toBe(1);
  });

  test.each(['linear', 'log', 'asinh'] as const)('leave air around the data (%s)', (kind) => {
    for (const extent of [
      { min: 0.5, max: 80 },
      { min: 3, max: 3 },
    ]) {
      const { min, max } = padded(extent, kind);
      expect(min).toBeLessThan(extent.min);
      expect(max).toBeGreaterThan(extent.max);
      expect(Number.isFinite(min) && Number.isFinite(max)).toBe(true);
    }
    expect(padded({ min: 0, max: 0 }, 'linear')).toEqual({ min: -1, max: 1 });
  });
});

test('a dragged range is rounded to what a pointer can mean', () => {
  expect(roundedRange({ min: 5931.692307692308, max: 7940.307692307694 })).toEqual({ min: 5931.7, max: 7940.3 });
  expect(roundedRange({ min: 0.123456789, max: 0.123556789 })).toEqual({ min: 0.12345679, max: 0.12355679 });
  expect(roundedRange({ min: 1.7956051617771e12, max: 1.7956052617779e12 })).toEqual({
    min: 1795605161780,
    max: 1795605261780,
  });
});

describe('cells', () => {
  const x = Float64Array.from([0, 64, 128, 320]);

  test('count as visible when any part of them is', () => {
    expect(visibleCells({ x, width: 64 }, { min: 100, max: 130 })).toEqual({ from: 1, to: 3 });
    expect(visibleCells({ x, width: 64 }, { min: 128, max: 128 })).toEqual({ from: 2, to: 3 });
    expect(visibleCells({ x, width: 64 }, { min: 200, max: 210 })).toEqual({ from: 3, to: 3 });
    expect(visibleCells({ x, width: 0 }, { min: 64, max: 128 })).toEqual({ from: 1, to: 3 });
  });

  test('are found under the pointer: the cell that contains it, else the nearest', () => {
    expect(nearestCell({ x, width: 64 }, 127)).toBe(1);
    expect(nearestCell({ x, width: 0 }, 127)).toBe(2);
    expect(nearestCell({ x, width: 0 }, 90)).toBe(1);
    expect(nearestCell({ x, width: 0 }, -5)).toBe(0);
    expect(nearestCell({ x, width: 0 }, 9999)).toBe(3);
    expect(nearestCell({ x: new Float64Array(), width: 0 }, 1)).toBe(-1);
  });
});
