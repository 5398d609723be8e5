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
  const contextDashes = runDashes([...new Set(lines.map((line) => line.context))].sort());
  const order = new Map(runs.map((run, i) => [run.id, i]));
  const contexts = new Map<string, number>();
  return [...lines]
    .filter((line) => names.has(line.run))
    .sort((a, b) => (order.get(a.run) ?? 0) - (order.get(b.run) ?? 0))
    .map((line) => {
      // contexts of the only run have colours of their own; among runs they share their run's and differ by dash
      const nth = contexts.get(line.run) ?? 0;
      contexts.set(line.run, nth + 1);
      const name = names.get(line.run) ?? line.run;
      const own = runs.length === 1 && lines.length > 1 && line.context !== '';
      return {
        line,
        label: own ? line.context : line.context === '' ? name : `${name} · ${line.context}`,
        color: runColor(own ? line.context : line.run, theme),
        dash: (own ? contextDashes.get(line.context) : nth > 0 ? [2 + 2 * nth, 3] : dashes.get(line.run)) ?? [],
        y: smooth > 0 ? smoothed(line, smooth) : line.last,
        faint: smooth > 0 ? line.last : undefined,
      };
    });
}
