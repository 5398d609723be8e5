/** Writes the answer of a chart as JSON text around the arrays that came from the tables. The shape is `SeriesAnswer`. */
import type { SeriesAnswer } from '../api.js';
import type { Line } from './lines.js';
import { withoutWords, withWords, type TextRow } from './text-rows.js';

/** One line of a chart, as text, with how many points it covers. */
export interface LineText {
  readonly text: string;
  readonly points: number;
}

const head = (line: Line, raw: boolean): string =>
  `{"run":${JSON.stringify(line.run.id)},"key":${JSON.stringify(line.key)},"context":${
    line.context === '' ? '{}' : line.context
  },"raw":${String(raw)}`;

/** `arrays` are count, finite, first, last, min, max, mean and std, each with an element per cell. */
export function gridLine(line: Line, arrays: readonly string[]): LineText {
  const [count = '[]', finite = '[]', first = '[]', last = '[]', min = '[]', max = '[]', mean = '[]', std = '[]'] =
    arrays;
  const counts = JSON.parse(count) as number[];
  const text = `${head(line, false)},"last":${withWords(last)},"first":${withWords(first)},"min":${min},"max":${max},"mean":${withoutWords(
    mean,
  )},"std":${withoutWords(std)},"count":${count},"nonFinite":${nonFinite(counts, count, finite)}}`;
  return { text, points: counts.reduce((sum, n) => sum + n, 0) };
}

function nonFinite(counts: readonly number[], count: string, finite: string): string {
  if (count === finite) return JSON.stringify(counts.map(() => 0));
  const finites = JSON.parse(finite) as number[];
  return JSON.stringify(counts.map((n, i) => n - (finites[i] ?? 0)));
}

/** The row has an array of x and one of values; without a row there are no points. */
export function rawLine(line: Line, row: TextRow | undefined): string {
  const [x = '[]', last = '[]'] = row?.arrays ?? [];
  return `${head(line, true)},"x":${x},"last":${withWords(last)}}`;
}

export interface Grid {
  readonly x: readonly number[];
  readonly width: number;
}

export const answerText = (grid: Grid, mapping: SeriesAnswer['mapping'], series: readonly string[]): string =>
  `{"x":${JSON.stringify(grid.x)},"width":${String(grid.width)},"mapping":"${mapping}","series":[${series.join(',')}]}`;
