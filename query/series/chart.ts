/** One chart, from question to answer: who the runs are, which lines they have, then the points along the axis that was asked for. */
import { Problem } from '../../runtime/problem.js';
import type { SeriesAnswer, SeriesRequest } from '../api.js';
import type { QueryDeps } from '../deps.js';
import type { Memory } from '../memory.js';
import { metricChart } from './chart-by-metric.js';
import { stepChart } from './chart-by-step.js';
import { chartTables, type ChartTables } from './chart-tables.js';
import { timeChart } from './chart-by-time.js';
import type { ChartMemory } from './chart-memory.js';
import { idOf, type Line } from './lines.js';
import { readLines } from './read-lines.js';
import type { RunDirectory } from './run-directory.js';
import { answerText, rawLine, type Grid, type LineText } from './series-text.js';

/** Bounds on the work of one chart, of limits.ts; tests lower them. */
export type SeriesBounds = Readonly<
  Record<'seriesCellsMax' | 'seriesRawPointsMax' | 'seriesJoinedPointsMax' | 'seriesTimeRawPoints', number>
>;

/** What a chart is drawn from, whoever asks. */
export interface ChartDeps extends Omit<QueryDeps, 'bounds'> {
  readonly directory: RunDirectory;
  readonly memory: ChartMemory;
  readonly bounds: SeriesBounds;
}

/** What an axis is given. */
export interface Charting {
  readonly bounds: SeriesBounds;
  readonly question: SeriesRequest;
  /** In the order of the answer; at least one. */
  readonly lines: readonly Line[];
  readonly tables: ChartTables;
  /** Lines of another key of the same runs. */
  readonly linesOf: (key: string) => Promise<readonly Line[]>;
}

/** How an axis serves its lines. */
export interface Plan {
  readonly grid: Grid;
  /** Lines with no more points than buckets, which are sent point by point. */
  readonly short: readonly Line[];
  /** Lines with more points, though perhaps not in the range: their cells tell. Lines in neither list have no points in the range. */
  readonly long: readonly Line[];
  /** Texts by `idOf`. */
  readonly raw: (lines: readonly Line[]) => Promise<ReadonlyMap<string, string>>;
  readonly cells: (lines: readonly Line[]) => Promise<Cells>;
}

export interface Cells {
  readonly lines: ReadonlyMap<string, LineText>;
  readonly mapping: SeriesAnswer['mapping'];
}

/** The answer as JSON text. */
export async function chart(
  deps: ChartDeps,
  workspace: string,
  question: SeriesRequest,
  signal: AbortSignal,
): Promise<string> {
  return remembered(deps.memory.answers, workspace, JSON.stringify(question), () =>
    draw(deps, workspace, question, signal),
  );
}

/** Of one name, which is always found or read. */
async function remembered<T>(memory: Memory<T>, workspace: string, name: string, read: () => Promise<T>): Promise<T> {
  const found = await memory.through(workspace, [name], async () => new Map([[name, await read()]]));
  return found.get(name) as T;
}

async function draw(deps: ChartDeps, workspace: string, question: SeriesRequest, signal: AbortSignal): Promise<string> {
  if (question.from !== undefined && question.to !== undefined && question.from > question.to) {
    throw new Problem('invalid_request', 'from must not be above to', { field: 'from' });
  }
  const runs = await deps.directory.find(workspace, question.runs, signal);
  const distinct = [...new Map(runs.map((run) => [run.uuid, run])).values()];
  const tables = chartTables(deps, workspace, signal);
  const linesOf = (keys: readonly string[]) =>
    remembered(deps.memory.lines, workspace, JSON.stringify([distinct.map(({ uuid }) => uuid), keys]), () =>
      readLines(tables, distinct, keys),
    );
  const lines = await linesOf([...new Set(question.keys)]);
  checkSize(lines.length, question.buckets, deps.bounds);
  if (lines.length === 0) return answerText({ x: [], width: 0 }, 'exact', []);
  const axis = question.x === 'step' ? stepChart : question.x === 'time' ? timeChart : metricChart;
  return serve(
    lines,
    question.buckets,
    await axis({ question, lines, tables, bounds: deps.bounds, linesOf: (key) => linesOf([key]) }),
  );
}

function checkSize(lines: number, buckets: number, { seriesCellsMax }: SeriesBounds): void {
  if (lines * buckets <= seriesCellsMax) return;
  throw new Problem(
    'limit_exceeded',
    `${String(lines)} lines of ${String(buckets)} buckets are more than ${String(seriesCellsMax)} cells: ` +
      'ask for fewer buckets, runs or keys',
    { field: 'buckets' },
  );
}

async function serve(lines: readonly Line[], buckets: number, plan: Plan): Promise<string> {
  const [short, cells] = await Promise.all([plan.raw(plan.short), plan.cells(plan.long)]);
  const few = plan.long.filter((line) => (cells.lines.get(idOf(line))?.points ?? 0) <= buckets);
  const raw = new Map([...short, ...(await plan.raw(few))]);
  const isAllRaw = few.length === plan.long.length;
  return answerText(
    isAllRaw ? { x: [], width: 0 } : plan.grid,
    cells.mapping,
    lines.map((line) => raw.get(idOf(line)) ?? cells.lines.get(idOf(line))?.text ?? rawLine(line, undefined)),
  );
}

/** What to do where no line has points in the range. */
export const NOTHING: Plan = {
  grid: { x: [], width: 0 },
  short: [],
  long: [],
  raw: () => Promise.resolve(new Map()),
  cells: () => Promise.resolve({ lines: new Map(), mapping: 'exact' }),
};
