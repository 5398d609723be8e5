/** The cells of lines: asked quickly, and again exactly where the quick way could not tell which point comes first or last. */
import { Bindings } from '../sql/bindings.js';
import { cellsSql, type Ends } from './cells-sql.js';
import type { ChartTables } from './chart-tables.js';
import { idOf, lineId, type Line } from './lines.js';
import { gridLine, type LineText } from './series-text.js';

/** `states` gives the subquery of partial states; the result is by `idOf`, and lines without points are not in it. */
export async function readCells(
  tables: ChartTables,
  lines: readonly Line[],
  cells: number,
  states: (ends: Ends, bindings: Bindings) => string | undefined,
): Promise<Map<string, LineText>> {
  const ask = async (ends: Ends) => {
    const bindings = new Bindings();
    const sql = states(ends, bindings);
    return sql === undefined ? [] : tables.arrays(cellsSql(sql, cells), bindings);
  };
  let rows = await ask('quick');
  if (rows.some(({ number: ties }) => ties > 0)) rows = await ask('exact');
  const byLine = new Map(rows.map((row) => [lineId(row.run, row.key, row.context), row]));
  return new Map(
    lines.flatMap((line) => {
      const row = byLine.get(idOf(line));
      return row === undefined ? [] : [[idOf(line), gridLine(line, row)] as const];
    }),
  );
}
