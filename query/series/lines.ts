/** The lines of a chart: one per run, key and context, with the sources of their points and a summary of what is effective. */
import type { Row } from '../../clickhouse/tables.js';
import type { KnownRun } from './run-directory.js';

/** Points of (run, generation); with a cut, those with a step below it. */
export interface Source {
  readonly run: string;
  readonly generation: number;
  /** Only where it does leave points out. */
  readonly cut?: bigint;
  /** First and last step of the keys that were asked for, whatever the cut. */
  readonly first: bigint;
  readonly last: bigint;
}

/** Over finite values where it says min and max (null when there are none). */
export interface Summary {
  readonly count: number;
  readonly first: bigint;
  readonly last: bigint;
  readonly timeMin: bigint;
  readonly timeMax: bigint;
  readonly min: number | null;
  readonly max: number | null;
}

export interface Line {
  readonly run: KnownRun;
  readonly key: string;
  /** '' or canonical JSON. */
  readonly context: string;
  readonly sources: readonly Source[];
  readonly summary: Summary;
}

export const lineId = (run: string, key: string, context: string): string => `${run}\0${key}\0${context}`;

export const idOf = (line: Line): string => lineId(line.run.uuid, line.key, line.context);

/** The columns that `summaryOf` reads, of a row of `series_by_run`: an empty min or max comes as a word, not as a number. */
export const PARTIAL_COLUMNS = `count AS points, first.step AS step_min, last.step AS step_max, time_min AS t_min, time_max AS t_max,
  min AS value_min, max AS value_max`;

/** The same, from the states of a table or a subquery. */
export const SUMMARY_COLUMNS = `sum(count) AS points, min(first_step) AS step_min, max(last_step) AS step_max,
  min(time_min) AS t_min, max(time_max) AS t_max, if(sum(finite) = 0, NULL, min(min)) AS value_min, if(sum(finite) = 0, NULL, max(max)) AS value_max`;

export function summaryOf(row: Row): Summary {
  return {
    count: Number(row['points']),
    first: integer(row['step_min']),
    last: integer(row['step_max']),
    timeMin: integer(row['t_min']),
    timeMax: integer(row['t_max']),
    min: real(row['value_min']),
    max: real(row['value_max']),
  };
}

export function mergeSummaries(a: Summary, b: Summary): Summary {
  return {
    count: a.count + b.count,
    first: a.first < b.first ? a.first : b.first,
    last: a.last > b.last ? a.last : b.last,
    timeMin: a.timeMin < b.timeMin ? a.timeMin : b.timeMin,
    timeMax: a.timeMax > b.timeMax ? a.timeMax : b.timeMax,
    min: a.min === null ? b.min : b.min === null ? a.min : Math.min(a.min, b.min),
    max: a.max === null ? b.max : b.max === null ? a.max : Math.max(a.max, b.max),
  };
}

/**
 * Builds the lines of `runs` from partial states of single sources: rows with run, generation, key, context and PARTIAL_COLUMNS.
 * Where a source is cut, the summary counts too much: see `isCut`.
 */
export function linesOf(runs: readonly KnownRun[], rows: readonly Row[]): Line[] {
  const bySource = seriesBySource(rows);
  return runs.flatMap((run) => {
    const lines = new Map<string, Line>();
    const add = (from: { run: string; generation: number }, cut: bigint | undefined) => {
      const all = bySource.get(sourceName(from.run, from.generation))?.values() ?? [];
      const series = [...all].filter(({ summary }) => cut === undefined || summary.first < cut);
      if (series.length === 0) return;
      const total = series.map(({ summary }) => summary).reduce(mergeSummaries);
      const cuts = cut !== undefined && total.last >= cut ? { cut } : {};
      const source = { run: from.run, generation: from.generation, first: total.first, last: total.last, ...cuts };
      for (const { key, context, summary } of series) {
        const id = lineId(run.uuid, key, context);
        const line = lines.get(id);
        lines.set(id, {
          run,
          key,
          context,
          sources: [...(line?.sources ?? []), source],
          summary: line === undefined ? summary : mergeSummaries(line.summary, summary),
        });
      }
    };
    for (const segment of run.segments) add(segment, segment.cut);
    add({ run: run.uuid, generation: run.generation }, undefined);
    return [...lines.values()];
  });
}

interface Series {
  readonly key: string;
  readonly context: string;
  readonly summary: Summary;
}

/** One summary per source, key and context, by source; in the tables there may be several rows until they are merged. */
function seriesBySource(rows: readonly Row[]): ReadonlyMap<string, ReadonlyMap<string, Series>> {
  const bySource = new Map<string, Map<string, Series>>();
  for (const row of rows) {
    const source = sourceName(String(row['run']), Number(row['generation']));
    let all = bySource.get(source);
    if (all === undefined) bySource.set(source, (all = new Map<string, Series>()));
    const [key, context, summary] = [String(row['key']), String(row['context']), summaryOf(row)];
    const name = lineId('', key, context);
    const known = all.get(name);
    all.set(
      name,
      known === undefined ? { key, context, summary } : { ...known, summary: mergeSummaries(known.summary, summary) },
    );
  }
  return bySource;
}

/** Whether the summary has to be read anew, from what lies before the cuts. */
export const isCut = (line: Line): boolean => line.sources.some((source) => source.cut !== undefined);

const sourceName = (run: string, generation: number) => `${run}:${String(generation)}`;
const integer = (cell: Row[string] | undefined): bigint => BigInt(typeof cell === 'number' ? cell : String(cell));
const real = (cell: Row[string] | undefined): number | null => (typeof cell === 'number' ? cell : null);
