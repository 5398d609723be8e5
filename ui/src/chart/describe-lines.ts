/** What a chart draws, as text for whoever cannot see it: min, max, last and counts of each line in the shown range. */
import type { DrawnLine } from './drawn-line.js';
import { drawnSummary, type Extent } from './line-range.js';

export function describeLines(lines: readonly DrawnLine[], range: Extent): string {
  return JSON.stringify(
    lines.map(({ line, color }) => ({
      run: line.run,
      key: line.key,
      context: line.context,
      raw: line.raw,
      color,
      ...drawnSummary(line, range),
    })),
  );
}
