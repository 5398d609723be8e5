/** What lies under the pointer in a chart: each line's nearest cell, the closest line first in emphasis, values in order. Pure. */
import type { DrawnLine } from './drawn-line.js';
import { nearestCell, visibleCells, type Extent } from './line-range.js';

export interface HoverRow {
  readonly id: string;
  readonly run: string;
  readonly label: string;
  readonly color: string;
  readonly x: number;
  readonly width: number;
  /** As traced: smoothed when the line is. */
  readonly value: number;
  /** Last value as logged. */
  readonly last: number;
  readonly low: number;
  readonly high: number;
  readonly points: number;
  readonly odd: number;
}

export interface Hover {
  readonly at: number;
  /** By value, greatest first. */
  readonly rows: readonly HoverRow[];
  /** Id of the line nearest to the pointer, when one is near. */
  readonly nearest: string | undefined;
}

/** `distance` is in pixels between the pointer's height and a value's. */
export function hoverAt(
  lines: readonly DrawnLine[],
  at: number,
  range: Extent,
  distance: (value: number) => number,
  nearPixels: number,
): Hover {
  const rows: HoverRow[] = [];
  const slack = (range.max - range.min) * slackShare;
  let nearest: string | undefined;
  let least = nearPixels;
  for (const { line, label, color, y } of lines) {
    const cell = nearestCell(line, at);
    const { from, to } = visibleCells(line, range);
    if (cell < from || cell >= to || isBeyond(line, at, slack)) continue;
    const value = y[cell] ?? NaN;
    rows.push({
      id: line.id,
      run: line.run,
      label,
      color,
      x: line.x[cell] ?? NaN,
      width: line.width,
      value,
      last: line.last[cell] ?? NaN,
      low: line.low[cell] ?? NaN,
      high: line.high[cell] ?? NaN,
      points: (line.finite[cell] ?? 0) + (line.odd[cell] ?? 0),
      odd: line.odd[cell] ?? 0,
    });
    const away = Number.isNaN(value) ? Infinity : distance(value);
    if (away < least) {
      least = away;
      nearest = line.id;
    }
  }
  rows.sort((a, b) => rank(b.value) - rank(a.value));
  return { at, rows, nearest };
}

/** A line that ended before the pointer, or begins after it, has nothing to say there. */
function isBeyond({ x, width }: DrawnLine['line'], at: number, slack: number): boolean {
  return at < (x[0] ?? Infinity) - slack || at > (x[x.length - 1] ?? -Infinity) + width + slack;
}

const slackShare = 0.02;
const rank = (value: number): number => (Number.isNaN(value) ? -Infinity : value);
