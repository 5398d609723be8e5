/** Summaries of series the slow and obvious way: one point after the other, whole integers as bigint. */

export interface NaivePoint {
  readonly workspace: string;
  readonly run: string;
  readonly generation: number;
  readonly key: string;
  readonly context: string;
  readonly step: bigint;
  readonly micro: number;
  readonly time: number;
  readonly value: number;
}

export interface NaiveSummary {
  count: number;
  finite: number;
  nans: number;
  posInfs: number;
  negInfs: number;
  min: number;
  max: number;
  sum: number;
  /** Population variance of finite values; undefined when there are none. */
  variance: number | undefined;
  first: EndTuple;
  last: EndTuple;
  timeMin: number;
  timeMax: number;
}

/** (step, micro, time, value or 0, is NaN) */
export type EndTuple = readonly [bigint, number, number, number, number];

export const seriesName = (p: Pick<NaivePoint, 'workspace' | 'run' | 'generation' | 'key' | 'context'>): string =>
  JSON.stringify([p.workspace, p.run, p.generation, p.key, p.context]);

export function compareTuples(a: EndTuple, b: EndTuple): number {
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as bigint | number;
    const y = b[i] as bigint | number;
    if (x < y) return -1;
    if (x > y) return 1;
  }
  return 0;
}

export function summarise(points: readonly NaivePoint[]): NaiveSummary {
  const tuples = points.map((p): EndTuple => {
    const isNan = Number.isNaN(p.value);
    return [p.step, p.micro, p.time, isNan ? 0 : p.value, isNan ? 1 : 0];
  });
  tuples.sort(compareTuples);
  const finite = points.map(({ value }) => value).filter(Number.isFinite);
  const sum = finite.reduce((total, value) => total + value, 0);
  const mean = sum / finite.length;
  const squares = finite.reduce((total, value) => total + (value - mean) ** 2, 0);
  const times = points.map(({ time }) => time);
  return {
    count: points.length,
    finite: finite.length,
    nans: points.filter(({ value }) => Number.isNaN(value)).length,
    posInfs: points.filter(({ value }) => value === Infinity).length,
    negInfs: points.filter(({ value }) => value === -Infinity).length,
    min: Math.min(...finite),
    max: Math.max(...finite),
    sum,
    variance: finite.length === 0 ? undefined : squares / finite.length,
    first: tuples[0] as EndTuple,
    last: tuples.at(-1) as EndTuple,
    timeMin: Math.min(...times),
    timeMax: Math.max(...times),
  };
}

export function bySeries(points: readonly NaivePoint[]): Map<string, NaivePoint[]> {
  const grouped = new Map<string, NaivePoint[]>();
  for (const point of points) {
    const name = seriesName(point);
    const group = grouped.get(name);
    if (group === undefined) grouped.set(name, [point]);
    else group.push(point);
  }
  return grouped;
}

/** floor(step / 64^level) */
export const bucketOf = (step: bigint, level: number): bigint => step >> BigInt(6 * level);
