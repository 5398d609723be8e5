/** Grids: cells cover the range, are unions of whole buckets, are no more than asked for, and no finer grid would do. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { integerEdges, integerGrid, realEdges, realGrid } from './grid.js';

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const anyInteger = fc.oneof(int64, fc.bigInt({ min: -5000n, max: 5000n }));
const buckets = fc.integer({ min: 1, max: 5000 });
/** What is smaller beside the largest may vanish when it is divided by the width. */
const normal = (x: number) => (Math.abs(x) < 1e-100 ? 0 : x);
const finite = fc
  .oneof(
    fc.double({ min: -1e200, max: 1e200, noNaN: true }),
    fc.double({ min: -10, max: 10, noNaN: true }),
    fc.integer({ min: -1000, max: 1000 }),
  )
  .map(normal);

const ordered = <T extends bigint | number>(a: T, b: T): readonly [T, T] => (a <= b ? [a, b] : [b, a]);

describe('an integer grid', () => {
  it('covers the range with at most so many cells, each the union of whole buckets', () => {
    fc.assert(
      fc.property(anyInteger, anyInteger, buckets, (a, b, most) => {
        const [lo, hi] = ordered(a, b);
        const { lower, shift, cells } = integerGrid(lo, hi, most);
        const width = 1n << BigInt(shift);
        expect(cells).toBeLessThanOrEqual(most);
        expect(lower <= lo && hi < lower + width * BigInt(cells)).toBe(true);
        // no cell at either end is empty of the range
        expect(lo < lower + width && hi >= lower + width * BigInt(cells - 1)).toBe(true);
        // buckets of 64^k steps with 64^k <= width end where cells end
        for (let bits = 0; bits <= shift; bits += 6) {
          if (cells > 1 || lower % width === 0n) expect(lower % (1n << BigInt(bits))).toBe(0n);
        }
      }),
    );
  });

  it('is the finest that does', () => {
    fc.assert(
      fc.property(anyInteger, anyInteger, fc.integer({ min: 2, max: 5000 }), (a, b, most) => {
        const [lo, hi] = ordered(a, b);
        const { shift } = integerGrid(lo, hi, most);
        if (shift === 0) return;
        const finer = BigInt(shift - 1);
        expect(Number((hi >> finer) - (lo >> finer)) + 1).toBeGreaterThan(most);
      }),
    );
  });

  it.each([
    [0n, 999_999n, 1000, { lower: 0n, shift: 10, cells: 977 }],
    [5n, 5n, 1, { lower: 5n, shift: 0, cells: 1 }],
    [-1n, 0n, 2, { lower: -1n, shift: 0, cells: 2 }],
    [-3n, 2n, 1, { lower: -4n, shift: 3, cells: 1 }],
    [-(2n ** 63n), 2n ** 63n - 1n, 1, { lower: -(2n ** 63n), shift: 64, cells: 1 }],
    [-(2n ** 63n), 2n ** 63n - 1n, 2, { lower: -(2n ** 63n), shift: 63, cells: 2 }],
  ])('of %s … %s with %i buckets is %o', (lo, hi, most, grid) => {
    expect(integerGrid(lo, hi, most)).toEqual(grid);
  });

  it('nests in the grid of a wider range', () => {
    fc.assert(
      fc.property(
        anyInteger,
        anyInteger,
        anyInteger,
        anyInteger,
        fc.integer({ min: 2, max: 100 }),
        (a, b, c, d, most) => {
          const [lo, x, y, hi] = [a, b, c, d].sort((p, q) => (p < q ? -1 : p > q ? 1 : 0)) as [
            bigint,
            bigint,
            bigint,
            bigint,
          ];
          const wide = integerGrid(lo, hi, most);
          const narrow = integerGrid(x, y, most);
          expect(narrow.shift).toBeLessThanOrEqual(wide.shift);
          expect((wide.lower - narrow.lower) % (1n << BigInt(narrow.shift))).toBe(0n);
        },
      ),
    );
  });

  it('gives edges beyond 2^53 as the nearest doubles', () => {
    expect(integerEdges({ lower: 2n ** 60n + 1n, shift: 1, cells: 2 })).toEqual([2 ** 60, 2 ** 60]);
    expect(integerEdges({ lower: -8n, shift: 2, cells: 4 })).toEqual([-8, -4, 0, 4]);
  });
});

describe('a real grid', () => {
  it('covers the range with at most so many cells of a power of two', () => {
    fc.assert(
      fc.property(finite, finite, buckets, (a, b, most) => {
        const [lo, hi] = ordered(a, b);
        const { lower, exponent, cells } = realGrid(lo, hi, most);
        expect(cells).toBeLessThanOrEqual(most);
        expect(lower).toBeLessThanOrEqual(lo);
        expect(lower + cells * 2 ** exponent).toBeGreaterThan(hi);
      }),
    );
  });

  it('places every value in the cell whose edges are around it', () => {
    fc.assert(
      fc.property(
        finite,
        finite,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 2, max: 500 }),
        (a, b, at, most) => {
          const [lo, hi] = ordered(a, b);
          const grid = realGrid(lo, hi, most);
          if (grid.cells === 1) return;
          const x = normal(Math.min(hi, Math.max(lo, lo * (1 - at) + hi * at)));
          const cell = Math.floor(x * 2 ** -grid.exponent) - grid.lower * 2 ** -grid.exponent;
          const edge = realEdges(grid)[cell] ?? NaN;
          expect(edge).toBeLessThanOrEqual(x);
          expect(edge + 2 ** grid.exponent).toBeGreaterThanOrEqual(x);
        },
      ),
    );
  });

  it.each([
    [0, 1, 4, { lower: 0, exponent: -1, cells: 3 }],
    [3, 3, 10, { lower: 3, exponent: 0, cells: 1 }],
    [-0.3, 0.2, 1, { lower: -0.5, exponent: 0, cells: 1 }],
    [0, 10, 11, { lower: 0, exponent: 0, cells: 11 }],
  ])('of %s … %s with %i buckets is %o', (lo, hi, most, grid) => {
    expect(realGrid(lo, hi, most)).toEqual(grid);
  });
});
