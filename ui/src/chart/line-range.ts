/** What of a set of lines lies in a range of x, and how the axes should be cut for it. Pure. */
import type { Line } from './line-data.js';

export interface Extent {
  readonly min: number;
  readonly max: number;
}

export type ScaleKind = 'linear' | 'log' | 'asinh';

/** Index of the first x that is not below `value`. */
export function firstAtLeast(x: Float64Array, value: number): number {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((x[middle] ?? NaN) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Indices [from, to) of what overlaps the range: a cell counts when any part of it does. */
export function visibleCells(line: Pick<Line, 'x' | 'width'>, range: Extent): { from: number; to: number } {
  let from = firstAtLeast(line.x, range.min - line.width);
  if (line.width > 0) while ((line.x[from] ?? Infinity) + line.width <= range.min) from++;
  let to = firstAtLeast(line.x, range.max);
  while (to < line.x.length && (line.x[to] ?? NaN) <= range.max) to++;
  return { from: Math.min(from, to), to };
}

export function xExtent(lines: readonly Line[]): Extent | undefined {
  let min = Infinity;
  let max = -Infinity;
  for (const { x } of lines) {
    min = Math.min(min, x[0] ?? Infinity);
    max = Math.max(max, x[x.length - 1] ?? -Infinity);
  }
  return min <= max ? { min, max } : undefined;
}

/** Least and greatest finite value over the envelopes (spikes included); NaN and infinities never move the axis. */
export function yExtent(lines: readonly Line[], range: Extent): Extent | undefined {
  let min = Infinity;
  let max = -Infinity;
  for (const line of lines) {
    const { from, to } = visibleCells(line, range);
    for (let i = from; i < to; i++) {
      const low = line.low[i] ?? NaN;
      const high = line.high[i] ?? NaN;
      if (low < min) min = low;
      if (high > max) max = high;
    }
  }
  return min <= max ? { min, max } : undefined;
}

/** Pure logarithm while all is positive; the asinh scale, which is linear near zero, as soon as something is not. */
export function scaleKind(log: boolean, extent: Extent | undefined): ScaleKind {
  if (!log || extent === undefined) return 'linear';
  return extent.min > 0 ? 'log' : 'asinh';
}

/** Where the asinh scale turns from linear to logarithmic: two to three decades below the greatest size, as a power of ten. */
export function asinhThreshold(extent: Extent): number {
  const size = Math.max(Math.abs(extent.min), Math.abs(extent.max));
  return size === 0 ? 1 : 10 ** (Math.floor(Math.log10(size)) - 2);
}

/** The axis' cut: some air around the data, and a span of its own when all values are one. */
export function padded(extent: Extent, kind: ScaleKind): Extent {
  if (kind === 'log') {
    const air = Math.max(1.05, (extent.max / extent.min) ** 0.04);
    return { min: extent.min / air, max: extent.max * air };
  }
  const span = extent.max - extent.min;
  if (span === 0) {
    const air = Math.abs(extent.min) * 0.1 || 1;
    return { min: extent.min - air, max: extent.max + air };
  }
  if (kind === 'asinh') {
    const unit = asinhThreshold(extent);
    const low = Math.asinh(extent.min / unit);
    const high = Math.asinh(extent.max / unit);
    const air = (high - low) * 0.05;
    return { min: Math.sinh(low - air) * unit, max: Math.sinh(high + air) * unit };
  }
  return { min: extent.min - span * 0.05, max: extent.max + span * 0.05 };
}

/** A range as a person would write it: to a ten-thousandth of its width, about what a pointer can mean. */
export function roundedRange({ min, max }: Extent): Extent {
  const unit = 10 ** Math.floor(Math.log10(max - min) - 4);
  const round = (value: number) => Number((Math.round(value / unit) * unit).toPrecision(12));
  return { min: round(min), max: round(max) };
}

export interface DrawnSummary {
  readonly min: number | null;
  readonly max: number | null;
  readonly last: number | null;
  readonly cells: number;
  readonly points: number;
  readonly odd: number;
}

/** What a viewer can read off a line in a range; min, max and last equal those of the raw points there. */
export function drawnSummary(line: Line, range: Extent): DrawnSummary {
  const { from, to } = visibleCells(line, range);
  const extent = yExtent([line], range);
  let points = 0;
  let odd = 0;
  for (let i = from; i < to; i++) {
    odd += line.odd[i] ?? 0;
    points += (line.finite[i] ?? 0) + (line.odd[i] ?? 0);
  }
  const last = to > from ? (line.last[to - 1] ?? NaN) : NaN;
  return {
    min: extent?.min ?? null,
    max: extent?.max ?? null,
    last: Number.isNaN(last) ? null : last,
    cells: to - from,
    points,
    odd,
  };
}

/** Index of the cell nearest to `at`, -1 when the line has none. */
export function nearestCell(line: Pick<Line, 'x' | 'width'>, at: number): number {
  const next = firstAtLeast(line.x, at);
  if (next > 0 && line.width > 0 && at < (line.x[next - 1] ?? NaN) + line.width) return next - 1;
  if (next >= line.x.length) return line.x.length - 1;
  if (next === 0) return 0;
  return at - (line.x[next - 1] ?? NaN) <= (line.x[next] ?? NaN) - at ? next - 1 : next;
}
