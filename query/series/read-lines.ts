/** Reads the lines of runs: summaries of their sources, and where a cut goes through a source, of what lies before the cut. */
import { Bindings, uuidList } from '../sql/bindings.js';
import { rowsSql } from './cells-sql.js';
import type { ChartTables } from './chart-tables.js';
import { idOf, isCut, linesOf, PARTIAL_COLUMNS, type Line } from './lines.js';
import { ROLLUP_LEVELS } from './pieces.js';
import type { KnownRun } from './run-directory.js';
import { scansOf } from './scans.js';
import { ALL_STEPS } from './step-position.js';

/** In the order of runs, keys and contexts. Keys without points have no line. */
export async function readLines(
  tables: ChartTables,
  runs: readonly KnownRun[],
  keys: readonly string[],
): Promise<Line[]> {
  const bindings = new Bindings();
  const rows = await tables.rows(
    `SELECT run, generation, key, context, ${PARTIAL_COLUMNS}
FROM series_by_run WHERE run IN ${uuidList(sourcesOf(runs))} AND key IN ${bindings.texts(keys)}`,
    bindings,
  );
  const lines = await withinCuts(tables, linesOf(runs, rows));
  const keyPlace = new Map(keys.map((key, i) => [key, i]));
  const runPlace = new Map(runs.map((run, i) => [run.uuid, i]));
  const placeOf = (line: Line) => (runPlace.get(line.run.uuid) ?? 0) * keys.length + (keyPlace.get(line.key) ?? 0);
  return lines.sort((a, b) => placeOf(a) - placeOf(b) || (a.context < b.context ? -1 : 1));
}

/** Rows of their other generations come along and are not used. */
const sourcesOf = (runs: readonly KnownRun[]): string[] => [
  ...new Set(runs.flatMap((run) => [run.uuid, ...run.segments.map((segment) => segment.run)])),
];

async function withinCuts(tables: ChartTables, lines: readonly Line[]): Promise<Line[]> {
  const bindings = new Bindings();
  const states = rowsSql({
    scans: scansOf(lines.filter(isCut), ALL_STEPS),
    bindings,
    level: ROLLUP_LEVELS,
    cell: { ofBucket: '0', ofPoint: '0' },
    ends: 'quick',
  });
  if (states === undefined) return [...lines];
  const summaries = await tables.summaries(states, bindings);
  return lines.flatMap((line) => {
    const summary = isCut(line) ? summaries.get(idOf(line)) : line.summary;
    return summary === undefined ? [] : [{ ...line, summary }];
  });
}
