/** From the server's columns to lines that can be drawn: cells that hold something, with what lies in each. Pure. */
import type { JsonFloat, SeriesAnswer, SeriesColumns } from '../../../query/api.js';

export interface Line {
  /** Run, key and context in one text. */
  readonly id: string;
  readonly run: string;
  readonly key: string;
  /** Empty, or the context as `rank=0`. */
  readonly context: string;
  /** Every point is there; else `x` holds lower edges of cells of `width`. */
  readonly raw: boolean;
  readonly width: number;
  /** Ascending. */
  readonly x: Float64Array;
  /** The value of the last point of each cell; NaN where it is not finite. */
  readonly last: Float64Array;
  /** Least and greatest finite value of each cell, NaN where there is none; the same array as `last` when raw. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Mean of the finite values of each cell. */
  readonly mean: Float64Array;
  /** Finite points in each cell. */
  readonly finite: Float64Array;
  /** Points in each cell that are NaN or infinite. */
  readonly odd: Float64Array;
}

export function lineId(series: Pick<SeriesColumns, 'run' | 'key' | 'context'>): string {
  return JSON.stringify([series.run, series.key, contextText(series.context)]);
}

export function contextText(context: Readonly<Record<string, string>>): string {
  return Object.keys(context)
    .sort()
    .map((name) => `${name}=${context[name] ?? ''}`)
    .join(' ');
}

export const toFloat = (value: JsonFloat | null | undefined): number =>
  typeof value === 'number' ? value : value === 'Infinity' ? Infinity : value === '-Infinity' ? -Infinity : NaN;

const finiteOrGap = (value: JsonFloat | null | undefined): number => (typeof value === 'number' ? value : NaN);

export function linesOf(answer: SeriesAnswer): Line[] {
  return answer.series.map((series) => (series.raw ? rawLine(series) : cellLine(series, answer)));
}

function rawLine(series: SeriesColumns): Line {
  const last = Float64Array.from(series.last, finiteOrGap);
  const odd = Float64Array.from(last, (value) => (Number.isNaN(value) ? 1 : 0));
  return {
    ...named(series),
    raw: true,
    width: 0,
    x: Float64Array.from(series.x ?? []),
    last,
    low: last,
    high: last,
    mean: last,
    finite: odd.map((count) => 1 - count),
    odd,
  };
}

function cellLine(series: SeriesColumns, answer: SeriesAnswer): Line {
  const { min = [], max = [], mean = [], count = [], nonFinite = [] } = series;
  const cells: number[] = [];
  for (let i = 0; i < answer.x.length; i++) if ((count[i] ?? 0) > 0) cells.push(i);
  const column = (value: (cell: number) => number | null | undefined) =>
    Float64Array.from(cells, (cell) => value(cell) ?? NaN);
  return {
    ...named(series),
    raw: false,
    width: answer.width,
    x: column((cell) => answer.x[cell]),
    last: column((cell) => finiteOrGap(series.last[cell])),
    low: column((cell) => min[cell]),
    high: column((cell) => max[cell]),
    mean: column((cell) => mean[cell]),
    finite: column((cell) => (count[cell] ?? 0) - (nonFinite[cell] ?? 0)),
    odd: column((cell) => nonFinite[cell] ?? 0),
  };
}

const named = (series: SeriesColumns) => ({
  id: lineId(series),
  run: series.run,
  key: series.key,
  context: contextText(series.context),
});

/** What the mark of a chart says: `raw` when every point is drawn, else how many points an average cell holds. */
export function coarseness(lines: readonly Line[]): string {
  let points = 0;
  let cells = 0;
  for (const line of lines) {
    if (line.raw) continue;
    cells += line.x.length;
    for (let i = 0; i < line.x.length; i++) points += (line.finite[i] ?? 0) + (line.odd[i] ?? 0);
  }
  if (cells === 0) return 'raw';
  const perCell = points / cells;
  return perCell < 1.05 ? '1 point per cell' : `${perCell.toPrecision(perCell < 10 ? 2 : 3)} points per cell`;
}
