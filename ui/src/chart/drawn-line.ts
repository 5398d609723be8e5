/** A line with everything that drawing it needs: what to trace, in which colour and dash, and what stands faint behind it. Pure. */
import { runColor, runDashes, type Theme } from '../color/run-color.js';
import type { Line } from './line-data.js';
import { smoothed } from './smoothing.js';

/** A run as charts know it. */
export interface ChartRun {
  readonly id: string;
  readonly name: string;
}

export interface DrawnLine {
  readonly line: Line;
  readonly label: string;
  readonly color: string;
  readonly dash: readonly number[];
  /** What is traced: the last value of each cell, or the smoothed one. */
  readonly y: Float64Array;
  /** The values as logged, behind a smoothed line. */
  readonly faint: Float64Array | undefined;
}

export function drawnLines(
  lines: readonly Line[],
  runs: readonly ChartRun[],
  theme: Theme,
  smooth: number,
): DrawnLine[] {
  const names = new Map(runs.map((run) => [run.id, run.name === '' ? run.id : run.name]));
  const dashes = runDashes(runs.map((run) => run.id));
  const order = new Map(runs.map((run, i) => [run.id, i]));
  const contexts = new Map<string, number>();
  return [...lines]
    .filter((line) => names.has(line.run))
    .sort((a, b) => (order.get(a.run) ?? 0) - (order.get(b.run) ?? 0))
    .map((line) => {
      // contexts of one run share its colour and differ by dash
      const nth = contexts.get(line.run) ?? 0;
      contexts.set(line.run, nth + 1);
      const name = names.get(line.run) ?? line.run;
      return {
        line,
        label: line.context === '' ? name : `${name} · ${line.context}`,
        color: runColor(line.run, theme),
        dash: nth === 0 ? (dashes.get(line.run) ?? []) : [2 + 2 * nth, 3],
        y: smooth > 0 ? smoothed(line, smooth) : line.last,
        faint: smooth > 0 ? line.last : undefined,
      };
    });
}
