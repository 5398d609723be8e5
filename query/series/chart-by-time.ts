/**
 * A chart over time. Times need not rise with the step, so raw points are the only exact way; where those are many, whole rollup
 * buckets are placed by their first time, as long as time rises with the step and no bucket reaches beyond the next cell.
 */
import { Problem } from '../../runtime/problem.js';
import { Bindings } from '../sql/bindings.js';
import { statesSql, type Ends } from './cells-sql.js';
import { readCells } from './cells.js';
import { NOTHING, type Cells, type Charting, type Plan } from './chart.js';
import { integerEdges, integerGrid, largest, smallest, type IntegerGrid } from './grid.js';
import { idOf, lineId, type Line } from './lines.js';
import { BITS_PER_LEVEL, ROLLUP_LEVELS } from './pieces.js';
import { pointsSql, TIME_AXIS } from './points-sql.js';
import { readRawLines } from './raw-lines.js';
import { scansOf } from './scans.js';
import type { LineText } from './series-text.js';
import { joinRanges, sightsOf, windowOf, type Sight, type Window } from './time-window.js';

export async function timeChart(charting: Charting): Promise<Plan> {
  const { question, lines, tables } = charting;
  const window = windowOf(question.from, question.to);
  const reached = lines.filter(({ summary }) => summary.timeMax >= window.from && summary.timeMin <= window.to);
  if (reached.length === 0) return NOTHING;
  const grid = integerGrid(
    reached.map(({ summary }) => largest(summary.timeMin, window.from)).reduce(smallest),
    reached.map(({ summary }) => smallest(summary.timeMax, window.to)).reduce(largest),
    question.buckets,
  );
  const sights = await sightsOf(charting, reached, window);
  const sightOf = new Map(sights.map((sight) => [idOf(sight.line), sight]));
  const seen = (some: readonly Line[]) => some.flatMap((line) => sightOf.get(idOf(line)) ?? []);
  const ofLine = ({ line }: Sight) => line;
  return {
    grid: { x: integerEdges(grid), width: 2 ** grid.shift },
    short: sights.filter(({ points }) => points <= question.buckets).map(ofLine),
    long: sights.filter(({ points }) => points > question.buckets).map(ofLine),
    raw: (some) =>
      readRawLines(tables, some, (bindings) =>
        pointsSql(scansOf(some, joinRanges(seen(some))), bindings, TIME_AXIS, inWindow('time', window)),
      ),
    cells: (some) => timeCells(charting, seen(some), { window, grid }),
  };
}

const inWindow = (time: string, { from, to }: Window) => `${time} BETWEEN ${String(from)} AND ${String(to)}`;

interface Frame {
  readonly window: Window;
  readonly grid: IntegerGrid;
}

async function timeCells(charting: Charting, sights: readonly Sight[], frame: Frame): Promise<Cells> {
  const total = sights.reduce((sum, { points }) => sum + points, 0);
  const levels = new Map<number, Sight[]>();
  for (const sight of sights) {
    const level = total <= charting.bounds.seriesTimeRawPoints ? 0 : levelOf(sight, charting.question.buckets);
    levels.set(level, [...(levels.get(level) ?? []), sight]);
  }
  const exact = levels.get(0) ?? [];
  levels.delete(0);
  const mapped = await Promise.all(
    [...levels].map(async ([level, group]) => {
      const rising = await risingOf(charting, group, level, frame);
      exact.push(...group.filter(({ line }) => !rising.has(idOf(line))));
      return cellsAt(
        charting,
        group.filter(({ line }) => rising.has(idOf(line))),
        level,
        frame,
      );
    }),
  );
  checkRead(
    exact.reduce((sum, { points }) => sum + points, 0),
    charting.bounds.seriesRawPointsMax,
  );
  const lines = new Map<string, LineText>();
  for (const part of [...mapped, await cellsAt(charting, exact, 0, frame)])
    for (const [id, text] of part) lines.set(id, text);
  return { lines, mapping: mapped.some(({ size }) => size > 0) ? 'rollup' : 'exact' };
}

function checkRead(points: number, pointsMax: number): void {
  if (points <= pointsMax) return;
  throw new Problem(
    'limit_exceeded',
    `time does not rise with the step, and ${String(points)} points are too many to be looked at one by one ` +
      `(${String(pointsMax)} at most): ask for a shorter range, fewer runs, or x = step`,
    { field: 'x' },
  );
}

/** The coarsest level that has two rows per bucket of the chart or more; 0 where none has, for then points are not that many. */
function levelOf({ line: { summary }, points }: Sight, buckets: number): number {
  const stepsPerPoint = (Number(summary.last - summary.first) + 1) / summary.count;
  for (let level = ROLLUP_LEVELS; level > 0; level--) {
    if (Math.min(points, (points * stepsPerPoint) / 2 ** (BITS_PER_LEVEL * level)) >= 2 * buckets) return level;
  }
  return 0;
}

function statesAt(sights: readonly Sight[], level: number, { window, grid }: Frame, ends: Ends, bindings: Bindings) {
  const cell = (time: string) =>
    grid.cells === 1
      ? '0'
      : `bitShiftRight(${time}, ${String(grid.shift)}) - ${String(grid.lower >> BigInt(grid.shift))}`;
  const range = joinRanges(sights);
  return statesSql({
    scans: scansOf(
      sights.map(({ line }) => line),
      range,
    ),
    bindings,
    level,
    cell: { ofBucket: cell('time_min'), ofPoint: cell('time') },
    within: { ofBucket: inWindow('time_min', window), ofPoint: inWindow('time', window) },
    ends,
  });
}

const cellsAt = ({ tables }: Charting, sights: readonly Sight[], level: number, frame: Frame) =>
  readCells(
    tables,
    sights.map(({ line }) => line),
    frame.grid.cells,
    (ends, bindings) => statesAt(sights, level, frame, ends, bindings),
  );

/** Ids of the lines whose rows, in order of steps, are in order of time, too, none of them wider than a cell. */
async function risingOf(
  { tables }: Charting,
  sights: readonly Sight[],
  level: number,
  frame: Frame,
): Promise<Set<string>> {
  const bindings = new Bindings();
  const states = statesAt(sights, level, frame, 'quick', bindings);
  if (states === undefined) return new Set();
  const cell = (time: string) => `bitShiftRight(${time}, ${String(frame.grid.shift)})`;
  const rows = await tables.rows(
    `SELECT line, key, context, rises
FROM (
SELECT line, key, context,
  arraySort((t, step) -> step, groupArray(time_min), groupArray(first_step) AS steps) AS froms,
  arraySort((t, step) -> step, groupArray(time_max), steps) AS tos,
  arrayAll((t, next) -> t <= next, arrayPopBack(tos), arrayPopFront(froms)) AND max(${cell('time_max')} - ${cell('time_min')}) <= 1 AS rises
FROM ${states.rows}
GROUP BY line, key, context
)`,
    bindings,
  );
  const rising = rows.filter((row) => row['rises'] === 1 || row['rises'] === true);
  return new Set(rising.map((row) => lineId(String(row['line']), String(row['key']), String(row['context']))));
}
