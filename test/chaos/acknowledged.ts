/** What the writers had acknowledged, and what the tables have to say about it: summaries kept point by point, exactly. */
import { compareTuples, seriesName, type EndTuple, type NaiveSummary } from '../simulation/naive-series.js';

export interface ChaosPoint {
  readonly key: string;
  /** '' or canonical JSON. */
  readonly context: string;
  readonly step: number;
  readonly time: number;
  readonly value: number;
}

export interface RunFacts {
  readonly id: string;
  uuid: string;
  readonly params: Record<string, string>;
  readonly tags: Record<string, string>;
  status: string;
  reason: string;
  generation: number;
  /** Of each rewind, the first step that no longer counts; the n-th ended generation n. */
  readonly cuts: number[];
}

/** Without the variance, which depends on the order of adding. */
export type Summary = Omit<NaiveSummary, 'variance'>;

interface Kept {
  readonly generation: number;
  readonly points: readonly ChaosPoint[];
}

export class Acknowledged {
  readonly runs = new Map<string, RunFacts>();
  points = 0;
  batches = 0;
  /** Generation by generation, under run id, generation, key and context. */
  private readonly summaries = new Map<string, { readonly of: SeriesId; readonly summary: Summary }>();
  /** The points of runs that are rewound. */
  private readonly kept = new Map<string, Kept[]>();

  batch(run: string, generation: number, points: readonly ChaosPoint[], keep: boolean): void {
    this.batches += 1;
    this.points += points.length;
    for (const point of points) {
      const { key, context } = point;
      const name = JSON.stringify([run, generation, key, context]);
      let found = this.summaries.get(name);
      if (found === undefined) {
        found = { of: { run, generation, key, context }, summary: empty() };
        this.summaries.set(name, found);
      }
      add(found.summary, point);
    }
    if (!keep) return;
    const batches = this.kept.get(run);
    if (batches === undefined) this.kept.set(run, [{ generation, points }]);
    else batches.push({ generation, points });
  }

  /** Under the names that the tables' rows are read back by. */
  byGeneration(): Map<string, Summary> {
    const named = [...this.summaries.values()].map(({ of, summary }): [string, Summary] => {
      const run = this.runs.get(of.run)?.uuid ?? '';
      return [seriesName({ ...of, run, workspace: 'default' }), summary];
    });
    return new Map(named);
  }

  /** Of one run by key, all contexts together, without what rewinds took back. */
  byKey(run: RunFacts): Map<string, Summary> {
    const merged = new Map<string, Summary>();
    const of = (key: string): Summary => {
      const known = merged.get(key) ?? empty();
      merged.set(key, known);
      return known;
    };
    if (run.cuts.length === 0) {
      for (const { of: series, summary } of this.summaries.values()) {
        if (series.run === run.id) merge(of(series.key), summary);
      }
      return merged;
    }
    for (const { generation, points } of this.kept.get(run.id) ?? []) {
      const cut = Math.min(...run.cuts.slice(generation), Infinity);
      for (const point of points) if (point.step < cut) add(of(point.key), point);
    }
    return merged;
  }
}

interface SeriesId {
  readonly run: string;
  readonly generation: number;
  readonly key: string;
  readonly context: string;
}

const NOTHING: EndTuple = [0n, 0, 0, 0, 0];

const empty = (): Summary => ({
  ...{ count: 0, finite: 0, nans: 0, posInfs: 0, negInfs: 0, min: Infinity, max: -Infinity, sum: 0 },
  ...{ first: NOTHING, last: NOTHING, timeMin: Infinity, timeMax: -Infinity },
});

function add(to: Summary, { step, time, value }: ChaosPoint): void {
  const isNan = Number.isNaN(value);
  const isFinite = Number.isFinite(value);
  const end: EndTuple = [BigInt(step), 0, time, isNan ? 0 : value, isNan ? 1 : 0];
  merge(to, {
    ...{ count: 1, finite: Number(isFinite), nans: Number(isNan) },
    ...{ posInfs: Number(value === Infinity), negInfs: Number(value === -Infinity) },
    ...{ min: isFinite ? value : Infinity, max: isFinite ? value : -Infinity, sum: isFinite ? value : 0 },
    ...{ first: end, last: end, timeMin: time, timeMax: time },
  });
}

function merge(to: Summary, other: Summary): void {
  if (to.count === 0 || compareTuples(other.first, to.first) < 0) to.first = other.first;
  if (to.count === 0 || compareTuples(other.last, to.last) > 0) to.last = other.last;
  for (const sum of ['count', 'finite', 'nans', 'posInfs', 'negInfs', 'sum'] as const) to[sum] += other[sum];
  to.min = Math.min(to.min, other.min);
  to.max = Math.max(to.max, other.max);
  to.timeMin = Math.min(to.timeMin, other.timeMin);
  to.timeMax = Math.max(to.timeMax, other.timeMax);
}
