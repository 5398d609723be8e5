/** What is read for a chart: sources with a range of steps, joined where they share it, as conditions on `rollups` and on `points`. */
import { uuidList, type Bindings } from '../sql/bindings.js';
import { lineId, type Line, type Source } from './lines.js';
import { piecesOf, type BucketRun } from './pieces.js';
import { ALL_STEPS, comparePositions, positionBefore, STEP_MAX, STEP_MIN, type StepRange } from './step-position.js';

/** Points of `series` of all `sources` in `range`. They belong to the lines of their own run, or to those of the runs in `heirs`. */
export interface Scan {
  readonly sources: readonly SourceName[];
  readonly series: readonly SeriesName[];
  readonly range: StepRange;
  readonly heirs: readonly string[] | undefined;
}

type SourceName = Pick<Source, 'run' | 'generation'>;
type SeriesName = Pick<Line, 'key' | 'context'>;

/** Every source of every line, within `range`. Bounds that leave nothing out are dropped: whole buckets then reach to the ends. */
export function scansOf(lines: readonly Line[], range: StepRange): Scan[] {
  const bySeries = new Map<string, Line[]>();
  for (const line of lines) push(bySeries, lineId('', line.key, line.context), line);
  const joined = new Map<string, Scan & { readonly series: SeriesName[] }>();
  for (const group of bySeries.values()) {
    const [series] = group;
    if (series === undefined) continue;
    for (const scan of scansOfOneSeries(group, range)) {
      const name = JSON.stringify([scan.sources, rangeName(scan.range), scan.heirs ?? null]);
      const known = joined.get(name);
      if (known === undefined) joined.set(name, { ...scan, series: [series] });
      else known.series.push(series);
    }
  }
  return [...joined.values()];
}

function scansOfOneSeries(lines: readonly Line[], range: StepRange): Omit<Scan, 'series'>[] {
  const readings = new Map<string, { source: SourceName; range: StepRange; heirs: Set<string> }>();
  for (const line of lines) {
    for (const source of line.sources) {
      const part = effective(source, range);
      if (comparePositions(part.from, part.to) > 0) continue;
      const { run, generation } = source;
      const name = `${run} ${String(generation)} ${rangeName(part)}`;
      const reading = readings.get(name) ?? { source: { run, generation }, range: part, heirs: new Set() };
      readings.set(name, reading);
      reading.heirs.add(line.run.uuid);
    }
  }
  const own = new Map<string, { source: SourceName; range: StepRange }[]>();
  const inherited: Omit<Scan, 'series'>[] = [];
  for (const { source, range: part, heirs } of readings.values()) {
    if (heirs.delete(source.run)) push(own, rangeName(part), { source, range: part });
    if (heirs.size > 0) inherited.push({ sources: [source], range: part, heirs: [...heirs] });
  }
  const joined = [...own.values()].map((group) => ({
    sources: group.map(({ source }) => source),
    range: group[0]?.range ?? ALL_STEPS,
    heirs: undefined,
  }));
  return [...joined, ...inherited];
}

function push<T>(map: Map<string, T[]>, name: string, item: T): void {
  const known = map.get(name);
  if (known === undefined) map.set(name, [item]);
  else known.push(item);
}

function effective(source: Source, { from, to }: StepRange): StepRange {
  const before = source.cut === undefined ? undefined : positionBefore(source.cut);
  const end = before !== undefined && comparePositions(before, to) < 0 ? before : to;
  return {
    from: comparePositions({ step: source.first, micro: 0 }, from) >= 0 ? ALL_STEPS.from : from,
    to: comparePositions({ step: source.last, micro: 999_999 }, end) <= 0 ? ALL_STEPS.to : end,
  };
}

const rangeName = ({ from, to }: StepRange) =>
  `${String(from.step)}.${String(from.micro)}-${String(to.step)}.${String(to.micro)}`;

/** One condition per scan that has something to read there. */
export interface Reading {
  readonly condition: string;
  readonly heirs: readonly string[] | undefined;
}

/** Whole buckets of `level` and below, of column `level` and `bucket`; and the raw points at the edges, of `step` and `micro`. */
export function readingsOf(
  scans: readonly Scan[],
  level: number,
  bindings: Bindings,
): { readonly rollups: Reading[]; readonly points: Reading[] } {
  const rollups: Reading[] = [];
  const points: Reading[] = [];
  for (const scan of scans) {
    const pieces = piecesOf(scan.range, level);
    const of = `${sourceCondition(scan.sources)} AND ${seriesCondition(scan.series, bindings)}`;
    if (pieces.buckets.length > 0) {
      rollups.push({ condition: `${of} AND ${any(pieces.buckets.map(bucketCondition))}`, heirs: scan.heirs });
    }
    const steps = pieces.raw.map(stepCondition).filter((condition) => condition !== '');
    if (pieces.raw.length > steps.length) points.push({ condition: of, heirs: scan.heirs });
    else if (steps.length > 0) points.push({ condition: `${of} AND ${any(steps)}`, heirs: scan.heirs });
  }
  return { rollups, points };
}

/** The run whose line a row belongs to; a row that several runs inherit is given to each of them. */
export function lineExpression(readings: readonly Reading[]): string {
  if (readings.every(({ heirs }) => heirs === undefined)) return 'run';
  const lists = readings.map(({ condition, heirs }) => {
    const list = heirs === undefined ? '[run]' : `[${heirs.map((uuid) => `toUUID${uuidList([uuid])}`).join(', ')}]`;
    return readings.length === 1 ? list : `if(${condition}, ${list}, [])`;
  });
  return `arrayJoin(${lists.length === 1 ? (lists[0] ?? '') : `arrayConcat(${lists.join(', ')})`})`;
}

export const anyOf = (readings: readonly Reading[]): string => any(readings.map(({ condition }) => condition));

const any = (conditions: readonly string[]): string =>
  conditions.length === 1 ? (conditions[0] ?? '') : `(${conditions.map((c) => `(${c})`).join(' OR ')})`;

function sourceCondition(sources: Scan['sources']): string {
  const generations = new Set(sources.map(({ generation }) => generation));
  const runs = uuidList(sources.map(({ run }) => run));
  const [generation] = generations;
  if (generations.size === 1) return `run IN ${runs} AND generation = ${String(generation)}`;
  return `(run, generation) IN (${sources.map((s) => `(${uuidList([s.run]).slice(1, -1)}, ${String(s.generation)})`).join(', ')})`;
}

function seriesCondition(series: readonly SeriesName[], bindings: Bindings): string {
  const [context] = new Set(series.map((s) => s.context));
  if (series.every((s) => s.context === context)) {
    return `key IN ${bindings.texts(series.map(({ key }) => key))} AND context = ${bindings.text(context ?? '')}`;
  }
  return `(key, context) IN (${series.map(({ key, context: c }) => bindings.texts([key, c])).join(', ')})`;
}

function bucketCondition({ level, first, last }: BucketRun): string {
  const bits = BigInt(6 * level);
  const conditions = [`level = ${String(level)}`];
  if (first > STEP_MIN >> bits) conditions.push(`bucket >= ${String(first)}`);
  if (last < STEP_MAX >> bits) conditions.push(`bucket <= ${String(last)}`);
  return conditions.join(' AND ');
}

/** '' where it is always true. */
export function stepCondition({ from, to }: StepRange): string {
  const conditions: string[] = [];
  if (from.step > STEP_MIN) conditions.push(`step >= ${String(from.step)}`);
  if (from.micro > 0) conditions.push(`(step > ${String(from.step)} OR micro >= ${String(from.micro)})`);
  if (to.step < STEP_MAX) conditions.push(`step <= ${String(to.step)}`);
  if (to.micro < 999_999) conditions.push(`(step < ${String(to.step)} OR micro <= ${String(to.micro)})`);
  return conditions.join(' AND ');
}
