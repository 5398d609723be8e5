/**
 * A chart over another metric of the same runs: each point takes the x that was logged at its step and micro-step, the last one
 * where several were; points without one, or with one that is not finite, are left out. Points are joined raw, so it is exact.
 */
import { Problem } from '../../runtime/problem.js';
import type { Bindings } from '../sql/bindings.js';
import { orderOf, pointStates, statesOfRows } from './cells-sql.js';
import { readCells } from './cells.js';
import { NOTHING, type Charting, type Plan } from './chart.js';
import { realEdges, realGrid, type RealGrid } from './grid.js';
import { idOf, lineId, type Line } from './lines.js';
import { pointArrays } from './points-sql.js';
import { readRawLines } from './raw-lines.js';
import { anyOf, lineExpression, readingsOf, scansOf } from './scans.js';
import { ALL_STEPS } from './step-position.js';

/** A line and the ones that give it its x. */
interface Pair {
  readonly line: Line;
  readonly xs: readonly Line[];
  /** x was logged with the same context; else all its contexts count. */
  readonly isSameContext: boolean;
}

export async function metricChart({ question, lines, tables, bounds, linesOf }: Charting): Promise<Plan> {
  const pairs = pairsOf(lines, await linesOf(question.x));
  const xs = [...new Set(pairs.flatMap((pair) => pair.xs))];
  const { lo, hi } = extent(xs, question.from, question.to);
  if (lo > hi) return NOTHING;
  checkRead([...pairs.map(({ line }) => line), ...xs], bounds.seriesJoinedPointsMax);
  const grid = realGrid(lo, hi, question.buckets);
  const pairOf = new Map(pairs.map((pair) => [idOf(pair.line), pair]));
  const paired = (some: readonly Line[]) => some.flatMap((line) => pairOf.get(idOf(line)) ?? []);
  const joined = (some: readonly Line[], bindings: Bindings, cell: string) =>
    joinedPoints(paired(some), bindings, { from: question.from, to: question.to, cell });
  return {
    grid: { x: realEdges(grid), width: 2 ** grid.exponent },
    short: pairs.filter(({ line }) => line.summary.count <= question.buckets).map(({ line }) => line),
    long: pairs.filter(({ line }) => line.summary.count > question.buckets).map(({ line }) => line),
    raw: (some) =>
      readRawLines(tables, some, (bindings) => {
        const points = joined(some, bindings, '0');
        return points === undefined ? undefined : pointArrays(points, 'at, step, micro, time');
      }),
    cells: async (some) => ({
      lines: await readCells(tables, some, grid.cells, (ends, bindings) => {
        const points = joined(some, bindings, cellExpression(grid));
        return points === undefined ? undefined : statesOfRows(`(${pointStates(points, ends)})`);
      }),
      mapping: 'exact',
    }),
  };
}

/** Lines whose run has no x at all are left out. */
function pairsOf(lines: readonly Line[], xLines: readonly Line[]): Pair[] {
  const byId = new Map(xLines.map((line) => [lineId(line.run.uuid, '', line.context), line]));
  const byRun = new Map<string, Line[]>();
  for (const line of xLines) byRun.set(line.run.uuid, [...(byRun.get(line.run.uuid) ?? []), line]);
  return lines.flatMap((line): Pair[] => {
    const same = byId.get(lineId(line.run.uuid, '', line.context));
    if (same !== undefined) return [{ line, xs: [same], isSameContext: true }];
    const all = byRun.get(line.run.uuid);
    return all === undefined ? [] : [{ line, xs: all, isSameContext: false }];
  });
}

/** Of the finite x, within the bounds of the question; `lo > hi` where there is none. */
function extent(xs: readonly Line[], from = -Infinity, to = Infinity): { lo: number; hi: number } {
  let lo = Infinity;
  let hi = -Infinity;
  for (const { summary } of xs) {
    if (summary.min === null || summary.max === null) continue;
    if (summary.min > to || summary.max < from) continue;
    lo = Math.min(lo, Math.max(summary.min, from));
    hi = Math.max(hi, Math.min(summary.max, to));
  }
  return { lo, hi };
}

function checkRead(lines: readonly Line[], pointsMax: number): void {
  const points = lines.reduce((sum, { summary }) => sum + summary.count, 0);
  if (points <= pointsMax) return;
  throw new Problem(
    'limit_exceeded',
    `a metric as x is joined point by point, and ${String(points)} points are too many ` +
      `(${String(pointsMax)} at most): ask for fewer runs or keys, or x = step`,
    { field: 'x' },
  );
}

const cellExpression = ({ lower, exponent, cells }: RealGrid): string =>
  cells === 1 ? '0' : `toInt64(floor(at * exp2(${String(-exponent)}))) - (${String(lower * 2 ** -exponent)})`;

interface Frame {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly cell: string;
}

/** Rows with line, key, context, step, micro, time, value, x as `at`, and cell. */
function joinedPoints(pairs: readonly Pair[], bindings: Bindings, frame: Frame): string | undefined {
  const groups = [true, false].map((same) => pairs.filter(({ isSameContext }) => isSameContext === same));
  const parts = groups.flatMap((group) => (group.length === 0 ? [] : joinedGroup(group, bindings, frame)));
  return parts.length === 0 ? undefined : parts.join('\nUNION ALL\n');
}

function joinedGroup(pairs: readonly Pair[], bindings: Bindings, { from, to, cell }: Frame): string[] {
  const points = (lines: readonly Line[]) => {
    const readings = readingsOf(scansOf(lines, ALL_STEPS), 0, bindings).points;
    return `SELECT ${lineExpression(readings)} AS line, key, context, step, micro, time, value FROM points WHERE ${anyOf(readings)}`;
  };
  const context = pairs.some(({ isSameContext }) => isSameContext) ? ['context'] : [];
  const place = ['line', ...context, 'step', 'micro'];
  const order = orderOf('step', 'micro', 'time', 'if(isNaN(value), 0, value)', 'isNaN(value)');
  const within = [
    'isFinite(at)',
    ...(from === undefined ? [] : [`at >= ${bindings.float(from)}`]),
    ...(to === undefined ? [] : [`at <= ${bindings.float(to)}`]),
  ].join(' AND ');
  return [
    `SELECT line, key, context, step, micro, time, value, at, ${cell} AS cell
FROM (${points(pairs.map(({ line }) => line))}) AS y
INNER JOIN (
  SELECT ${place.join(', ')}, argMax(value, ${order}) AS at
  FROM (${points([...new Set(pairs.flatMap(({ xs }) => xs))])})
  GROUP BY ${place.join(', ')}
  HAVING ${within}
) AS x USING (${place.join(', ')})`,
  ];
}
