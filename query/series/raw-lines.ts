/** Lines that are sent point by point. */
import { Bindings } from '../sql/bindings.js';
import type { ChartTables } from './chart-tables.js';
import { idOf, lineId, type Line } from './lines.js';
import { rawLine } from './series-text.js';

/** `points` gives the statement, see `pointArrays`; the result is by `idOf` and has every line. */
export async function readRawLines(
  tables: ChartTables,
  lines: readonly Line[],
  points: (bindings: Bindings) => string | undefined,
): Promise<Map<string, string>> {
  if (lines.length === 0) return new Map();
  const bindings = new Bindings();
  const sql = points(bindings);
  const rows = sql === undefined ? [] : await tables.arrays(sql, bindings);
  const byLine = new Map(rows.map((row) => [lineId(row.run, row.key, row.context), row]));
  return new Map(lines.map((line) => [idOf(line), rawLine(line, byLine.get(idOf(line)))]));
}
