/** The grid of a chart: cells of one width that all its lines share. Widths are powers of two, so the grids of two zooms nest. */

/**
 * Cells of an integer axis: steps, or ms. A width of 2^j · 64^k steps is a union of whole rollup buckets, for cells start at
 * multiples of their width. The one exception is a single cell around zero, which starts at half its width below.
 */
export interface IntegerGrid {
  /** Lower edge of the first cell. */
  readonly lower: bigint;
  /** log2 of the width, 0 … 64. */
  readonly shift: number;
  readonly cells: number;
}

export const smallest = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const largest = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** The finest grid that covers `lo` … `hi`, both included, with at most `buckets` cells. */
export function integerGrid(lo: bigint, hi: bigint, buckets: number): IntegerGrid {
  if (buckets === 1 && lo < 0n && hi >= 0n) {
    let shift = 1;
    while (lo < -(1n << BigInt(shift - 1)) || hi >= 1n << BigInt(shift - 1)) shift++;
    return { lower: -(1n << BigInt(shift - 1)), shift, cells: 1 };
  }
  let shift = 0;
  while ((hi >> BigInt(shift)) - (lo >> BigInt(shift)) >= BigInt(buckets)) shift++;
  const first = lo >> BigInt(shift);
  return { lower: first << BigInt(shift), shift, cells: Number((hi >> BigInt(shift)) - first) + 1 };
}

/** Lower edges, as the nearest doubles. */
export const integerEdges = (grid: IntegerGrid): number[] =>
  Array.from({ length: grid.cells }, (_, cell) => Number(grid.lower + (BigInt(cell) << BigInt(grid.shift))));

/** Cells of a real axis: the values of a metric. Cell i covers [lower + i · width, lower + (i + 1) · width). */
export interface RealGrid {
  readonly lower: number;
  /** log2 of the width. */
  readonly exponent: number;
  readonly cells: number;
}

/** Indices stay exact, and so do edges: no width is finer than the doubles around it. */
const INDEX_MAX = 2 ** 52;
const EXPONENT_MIN = -1000;
const EXPONENT_MAX = 1022;

/** The finest grid that covers the finite `lo` … `hi` with at most `buckets` cells; where all values are equal, cells are 1 wide. */
export function realGrid(lo: number, hi: number, buckets: number): RealGrid {
  const width = hi / buckets - lo / buckets;
  const start = lo === hi ? 0 : Math.max(EXPONENT_MIN, Math.floor(Math.log2(width)) - 1);
  for (let exponent = start; exponent <= EXPONENT_MAX && !(buckets === 1 && lo < 0 && hi >= 0); exponent++) {
    const first = Math.floor(lo * 2 ** -exponent);
    const last = Math.floor(hi * 2 ** -exponent);
    if (Math.max(Math.abs(first), Math.abs(last)) > INDEX_MAX) continue;
    if (last - first < buckets) return { lower: first * 2 ** exponent, exponent, cells: last - first + 1 };
  }
  let exponent = EXPONENT_MIN;
  while (exponent < EXPONENT_MAX && (lo < -(2 ** (exponent - 1)) || hi >= 2 ** (exponent - 1))) exponent++;
  return { lower: -(2 ** (exponent - 1)), exponent, cells: 1 };
}

export const realEdges = (grid: RealGrid): number[] =>
  Array.from({ length: grid.cells }, (_, cell) => grid.lower + cell * 2 ** grid.exponent);
