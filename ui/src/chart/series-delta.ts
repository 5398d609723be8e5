/**
 * Live curves without fetching them again: a question about the newest cells only, merged into what is drawn.
 * Cells of a finer grid are unions of the same buckets, so joining them is exact; whatever is not exact is refused (undefined),
 * and the caller fetches the whole chart.
 */
import type { JsonFloat, SeriesAnswer, SeriesColumns } from '../../../query/api.js';
import { lineId, toFloat } from './line-data.js';

/** Points of one cell, as far as they are known. `mean` and `std` cover finite values. */
export interface Cell {
  readonly count: number;
  readonly odd: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  readonly std: number | null;
  readonly first: JsonFloat | null;
  readonly last: JsonFloat | null;
}

/** The lower edge of the newest cell among the series of `runs`: from here on, points may have come. */
export function deltaStart(answer: SeriesAnswer, runs: ReadonlySet<string>): number | undefined {
  let start: number | undefined;
  for (const series of answer.series) {
    if (!runs.has(series.run)) continue;
    const newest = series.raw ? series.x?.at(-1) : answer.x[lastCell(series)];
    if (newest === undefined) return undefined;
    start = start === undefined ? newest : Math.min(start, newest);
  }
  return start;
}

/** `delta` answers the same question from `from` on (a cell's edge); beyond `cellsMax` cells a coarser grid is due. */
export function mergeDelta(
  current: SeriesAnswer,
  delta: SeriesAnswer,
  from: number,
  cellsMax: number,
): SeriesAnswer | undefined {
  const known = new Set(current.series.map(lineId));
  if (!delta.series.every((series) => known.has(lineId(series)))) return undefined;
  if (current.mapping !== 'exact' || delta.mapping !== 'exact') return undefined;
  const width = current.width;
  const origin = current.x[0];
  if (width > 0 && origin === undefined) return undefined;
  const newest = Math.max(...delta.series.map((series) => newestX(series, delta)), current.x.at(-1) ?? -Infinity);
  const x = width > 0 && origin !== undefined ? gridTo(current.x, width, newest) : current.x;
  if (x.length > cellsMax) return undefined;
  const changes = new Map(delta.series.map((series) => [lineId(series), series]));
  const merged: SeriesColumns[] = [];
  for (const series of current.series) {
    const change = changes.get(lineId(series));
    const next =
      change === undefined
        ? series.raw
          ? series
          : stretched(series, x.length)
        : series.raw
          ? appendRaw(series, change, from, cellsMax)
          : replaceCells(series, change, delta, from, { x, width });
    if (next === undefined) return undefined;
    merged.push(next);
  }
  return { ...current, x, series: merged };
}

function appendRaw(series: SeriesColumns, change: SeriesColumns, from: number, pointsMax: number) {
  if (!change.raw) return undefined;
  const keep = (series.x ?? []).findIndex((x) => x >= from);
  const head = keep === -1 ? (series.x ?? []).length : keep;
  const x = [...(series.x ?? []).slice(0, head), ...(change.x ?? [])];
  if (x.length > pointsMax) return undefined;
  return { ...series, x, last: [...series.last.slice(0, head), ...change.last] };
}

function replaceCells(
  series: SeriesColumns,
  change: SeriesColumns,
  delta: SeriesAnswer,
  from: number,
  grid: { x: readonly number[]; width: number },
): SeriesColumns | undefined {
  const origin = grid.x[0] ?? 0;
  const cellOf = (x: number) => Math.floor((x - origin) / grid.width);
  if (!change.raw) {
    // cells nest only where both grids have their edges on the coarser one
    const offset = ((delta.x[0] ?? origin) - origin) % delta.width;
    if (delta.width > grid.width || grid.width % delta.width !== 0 || offset !== 0) return undefined;
  }
  const start = cellOf(from);
  if (origin + start * grid.width !== from) return undefined;
  const cells: Cell[] = grid.x.map((_, i) => (i < start ? cellAt(series, i) : emptyCell));
  const parts = change.raw ? (change.x ?? []) : delta.x;
  for (let i = 0; i < parts.length; i++) {
    const at = cellOf(parts[i] ?? NaN);
    const into = cells[at];
    if (into === undefined || at < start) continue;
    cells[at] = joinCells(into, change.raw ? pointCell(change.last[i] ?? null) : cellAt(change, i));
  }
  return columnsOf(series, cells);
}

export const emptyCell: Cell = {
  count: 0,
  odd: 0,
  min: null,
  max: null,
  mean: null,
  std: null,
  first: null,
  last: null,
};

export function pointCell(value: JsonFloat | null): Cell {
  const number = toFloat(value);
  return Number.isFinite(number)
    ? { count: 1, odd: 0, min: number, max: number, mean: number, std: 0, first: value, last: value }
    : { ...emptyCell, count: 1, odd: 1, first: value, last: value };
}

/** `b` comes after `a`. */
export function joinCells(a: Cell, b: Cell): Cell {
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  const left = a.count - a.odd;
  const right = b.count - b.odd;
  const spread = spreadOf(a, left, b, right);
  return {
    count: a.count + b.count,
    odd: a.odd + b.odd,
    min: a.min === null ? b.min : b.min === null ? a.min : Math.min(a.min, b.min),
    max: a.max === null ? b.max : b.max === null ? a.max : Math.max(a.max, b.max),
    ...spread,
    first: a.first,
    last: b.last,
  };
}

function spreadOf(a: Cell, left: number, b: Cell, right: number): Pick<Cell, 'mean' | 'std'> {
  if (a.mean === null || left === 0) return { mean: b.mean, std: b.std };
  if (b.mean === null || right === 0) return { mean: a.mean, std: a.std };
  const all = left + right;
  const apart = b.mean - a.mean;
  const squares = left * (a.std ?? 0) ** 2 + right * (b.std ?? 0) ** 2 + (apart * apart * left * right) / all;
  return { mean: a.mean + (apart * right) / all, std: Math.sqrt(squares / all) };
}

function cellAt(series: SeriesColumns, i: number): Cell {
  return {
    count: series.count?.[i] ?? 0,
    odd: series.nonFinite?.[i] ?? 0,
    min: series.min?.[i] ?? null,
    max: series.max?.[i] ?? null,
    mean: series.mean?.[i] ?? null,
    std: series.std?.[i] ?? null,
    first: series.first?.[i] ?? null,
    last: series.last[i] ?? null,
  };
}

export function columnsOf(series: SeriesColumns, cells: readonly Cell[]): SeriesColumns {
  return {
    run: series.run,
    key: series.key,
    context: series.context,
    raw: false,
    last: cells.map((cell) => cell.last),
    first: cells.map((cell) => cell.first),
    min: cells.map((cell) => cell.min),
    max: cells.map((cell) => cell.max),
    mean: cells.map((cell) => cell.mean),
    std: cells.map((cell) => cell.std),
    count: cells.map((cell) => cell.count),
    nonFinite: cells.map((cell) => cell.odd),
  };
}

const stretched = (series: SeriesColumns, length: number): SeriesColumns =>
  series.last.length === length
    ? series
    : columnsOf(
        series,
        Array.from({ length }, (_, i) => cellAt(series, i)),
      );

function gridTo(x: readonly number[], width: number, newest: number): readonly number[] {
  const grid = [...x];
  for (let next = (grid.at(-1) ?? 0) + width; next <= newest; next += width) grid.push(next);
  return grid;
}

function lastCell(series: SeriesColumns): number {
  const count = series.count ?? [];
  for (let i = count.length - 1; i >= 0; i--) if ((count[i] ?? 0) > 0) return i;
  return -1;
}

const newestX = (series: SeriesColumns, answer: SeriesAnswer): number =>
  (series.raw ? series.x?.at(-1) : answer.x[lastCell(series)]) ?? -Infinity;
