/** The cells of lines: asked quickly, and again exactly where the quick way could not tell which point comes first or last. */
import { Bindings } from '../sql/bindings.js';
import { cellsSql, lineCellsSql, type Ends, type States } from './cells-sql.js';
import type { ChartTables } from './chart-tables.js';
import { idOf, lineId, type Line } from './lines.js';
import { gridLine, type LineText } from './series-text.js';
import { placeCells } from './text-rows.js';

type StatesOf = (ends: Ends, bindings: Bindings) => States | undefined;

/** `states` gives partial states; the result is by `idOf`, and lines without points are not in it. */
export async function readCells(
  tables: ChartTables,
  lines: readonly Line[],
  cells: number,
  states: StatesOf,
): Promise<Map<string, LineText>> {
  const [only] = lines;
  if (only !== undefined && lines.length === 1 && cells > 1) return readCellsOfOne(tables, only, cells, states);
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
      return row === undefined ? [] : [[idOf(line), gridLine(line, row.arrays)] as const];
    }),
  );
}

const NO_POINTS = ['0', '0'];
/** First and last come before the values that only finite points have: min, max, mean, std. */
const ENDS = 2;

async function readCellsOfOne(
  tables: ChartTables,
  line: Line,
  cells: number,
  states: StatesOf,
): Promise<Map<string, LineText>> {
  const ask = async (ends: Ends) => {
    const bindings = new Bindings();
    const sql = states(ends, bindings);
    return sql === undefined ? [] : tables.columns(lineCellsSql(sql, ends), bindings);
  };
  let columns = await ask('quick');
  if (columns.at(-1)?.some((ties) => ties !== '0') === true) columns = await ask('exact');
  const [places, counts, finites, ...values] = columns.slice(0, -1);
  if (places === undefined || counts === undefined || finites === undefined || places.length === 0) return new Map();
  const known = values.map((column, i) =>
    i < ENDS ? column : column.map((value, row) => (finites[row] === '0' ? 'null' : value)),
  );
  const arrays = placeCells([places, counts, finites, ...known], cells, NO_POINTS);
  return new Map([[idOf(line), gridLine(line, arrays)]]);
}
