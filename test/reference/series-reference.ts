/** What a chart must answer, the slow and obvious way: every point is looked at, and nothing is shared with the query service. */

export interface ReferencePoint {
  readonly key: string;
  readonly context: string;
  readonly step: bigint;
  readonly micro: number;
  readonly time: number;
  readonly value: number;
}

/** A run with the points that count as its own: inherited ones too, those that a rewind took back not. */
export interface ReferenceRun {
  readonly id: string;
  readonly points: readonly ReferencePoint[];
}

export interface ReferenceQuestion {
  readonly runs: readonly string[];
  readonly keys: readonly string[];
  readonly x: string;
  readonly from?: number;
  readonly to?: number;
  readonly buckets: number;
}

export interface ReferenceCell {
  readonly count: number;
  readonly nonFinite: number;
  readonly first: number | null;
  readonly last: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  readonly std: number | null;
  /** Mean magnitude of the finite values: what rounding errors are measured by. */
  readonly magnitude: number;
}

export interface ReferenceLine {
  readonly run: string;
  readonly key: string;
  readonly context: string;
  readonly raw: boolean;
  /** When raw, one per point. */
  readonly points: readonly { readonly x: number; readonly value: number }[];
  /** When not raw, one per cell. */
  readonly cells: readonly ReferenceCell[];
}

export interface ReferenceAnswer {
  readonly x: readonly number[];
  readonly width: number;
  readonly series: readonly ReferenceLine[];
}

/** A point on the axis: `exact` orders and divides into cells without rounding (millionths of a step, ms, or the value itself). */
interface Placed {
  readonly point: ReferencePoint;
  readonly x: number;
  readonly exact: bigint | number;
}

interface Cells {
  readonly edges: readonly number[];
  readonly width: number;
  readonly indexOf: (placed: Placed) => number;
}

const tupleOf = (p: ReferencePoint): readonly (bigint | number)[] => {
  const isNan = Number.isNaN(p.value);
  return [p.step, p.micro, p.time, isNan ? 0 : p.value, isNan ? 1 : 0];
};

/** By (step, micro-step, time, value or 0 for NaN, is NaN). */
export function comparePoints(a: ReferencePoint, b: ReferencePoint): number {
  const left = tupleOf(a);
  const right = tupleOf(b);
  for (let i = 0; i < left.length; i++) {
    const l = left[i] as bigint | number;
    const r = right[i] as bigint | number;
    if (l < r) return -1;
    if (l > r) return 1;
  }
  return 0;
}

export function referenceAnswer(runs: readonly ReferenceRun[], question: ReferenceQuestion): ReferenceAnswer {
  const { x, from, to, buckets } = question;
  const lines = [...new Set(question.runs)].flatMap((id) => {
    const run = runs.find((candidate) => candidate.id === id) as ReferenceRun;
    return [...new Set(question.keys)].flatMap((key) => {
      const contexts = new Set(run.points.filter((p) => p.key === key).map(({ context }) => context));
      return [...contexts].sort().map((context) => ({ run, key, context }));
    });
  });
  const placed = lines.map((line) => {
    const points = line.run.points.filter((p) => p.key === line.key && p.context === line.context);
    return { ...line, points: place(points, line.run, line.context, x) };
  });
  const isInside = ({ exact }: Placed) =>
    (from === undefined || exact >= bound(x, from)) && (to === undefined || exact <= bound(x, to));
  const extents = placed.map(({ run, context, points }) =>
    x === 'step'
      ? points.map(({ point }) => point.step * 1_000_000n)
      : x === 'time'
        ? points.map(({ exact }) => exact)
        : xOf(run, context, x),
  );
  const cells = gridOf(extents, question);
  const series = placed.map(({ run, key, context, points }): ReferenceLine => {
    const inside = points.filter(isInside);
    const line = { run: run.id, key, context, raw: inside.length <= buckets };
    if (line.raw) {
      const byPoint = (a: Placed, b: Placed) => comparePoints(a.point, b.point);
      inside.sort(x === 'step' ? byPoint : (a, b) => a.x - b.x || byPoint(a, b));
      return { ...line, points: inside.map((p) => ({ x: p.x, value: p.point.value })), cells: [] };
    }
    const content = cells.edges.map((): ReferencePoint[] => []);
    for (const p of inside) (content[cells.indexOf(p)] as ReferencePoint[]).push(p.point);
    return { ...line, points: [], cells: content.map(cellOf) };
  });
  if (series.every(({ raw }) => raw)) return { x: [], width: 0, series };
  return { x: cells.edges, width: cells.width, series };
}

function place(points: readonly ReferencePoint[], run: ReferenceRun, context: string, x: string): Placed[] {
  if (x === 'step') {
    return points.map((point) => {
      const exact = point.step * 1_000_000n + BigInt(point.micro);
      const asDouble = point.micro === 0 ? Number(point.step) : Number(`${String(exact)}e-6`);
      return { point, exact, x: asDouble };
    });
  }
  if (x === 'time') return points.map((point) => ({ point, exact: BigInt(point.time), x: point.time }));
  const lastAt = new Map<string, ReferencePoint>();
  const nameOf = (point: ReferencePoint) => `${String(point.step)} ${String(point.micro)}`;
  for (const there of xPoints(run, context, x)) {
    const last = lastAt.get(nameOf(there));
    if (last === undefined || comparePoints(there, last) > 0) lastAt.set(nameOf(there), there);
  }
  return points.flatMap((point) => {
    const value = lastAt.get(nameOf(point))?.value;
    return value !== undefined && Number.isFinite(value) ? [{ point, exact: value, x: value }] : [];
  });
}

/** x of the same context where the run has it, of all contexts otherwise. */
function xPoints(run: ReferenceRun, context: string, key: string): ReferencePoint[] {
  const all = run.points.filter((point) => point.key === key);
  const same = all.filter((point) => point.context === context);
  return same.length > 0 ? same : all;
}

const xOf = (run: ReferenceRun, context: string, key: string): number[] =>
  xPoints(run, context, key)
    .map(({ value }) => value)
    .filter(Number.isFinite);

/** Bounds are whole, or have at most six digits behind the point. */
function bound(x: string, value: number): bigint | number {
  if (x === 'step') return Number.isInteger(value) ? BigInt(value) * 1_000_000n : BigInt(Math.round(value * 1e6));
  return value;
}

/** What a bound leaves of an extent: a step counts whole, a millisecond does or does not. */
function gridBound(x: string, value: number, side: 'up' | 'down'): bigint | number {
  if (x === 'time') return BigInt(side === 'up' ? Math.ceil(value) : Math.floor(value));
  return x === 'step' ? wholeStep(bound(x, value) as bigint) : value;
}

const wholeStep = (micros: bigint): bigint => floorDivide(micros, 1_000_000n) * 1_000_000n;

/** Over what the extents reach of the range: the finest power of two whose multiples make at most `buckets` cells. */
function gridOf(extents: readonly (readonly (bigint | number)[])[], question: ReferenceQuestion): Cells {
  const { x, from, to, buckets } = question;
  let lo: bigint | number | undefined;
  let hi: bigint | number | undefined;
  for (const extent of extents) {
    if (extent.length === 0) continue;
    let first = extent.reduce((a, b) => (b < a ? b : a));
    let last = extent.reduce((a, b) => (b > a ? b : a));
    if (from !== undefined && gridBound(x, from, 'up') > first) first = gridBound(x, from, 'up');
    if (to !== undefined && gridBound(x, to, 'down') < last) last = gridBound(x, to, 'down');
    if (first > last) continue;
    if (lo === undefined || first < lo) lo = first;
    if (hi === undefined || last > hi) hi = last;
  }
  if (lo === undefined || hi === undefined) return { edges: [], width: 0, indexOf: () => -1 };
  if (typeof lo === 'number' || typeof hi === 'number') return realCells(Number(lo), Number(hi), buckets);
  return integerCells(lo, hi, x === 'step' ? 1_000_000n : 1n, buckets);
}

const floorDivide = (a: bigint, b: bigint): bigint => (a - (((a % b) + b) % b)) / b;

function integerCells(lo: bigint, hi: bigint, unit: bigint, buckets: number): Cells {
  for (let width = 1n; ; width *= 2n) {
    // a single cell with both signs in it can only lie around zero
    const around = buckets === 1 && lo < 0n && hi >= 0n;
    if (around && width === 1n) continue;
    const start = around ? -width / 2n : floorDivide(floorDivide(lo, unit), width) * width;
    const indexOf = (exact: bigint) => Number(floorDivide(floorDivide(exact, unit) - start, width));
    if (indexOf(lo) < 0 || indexOf(hi) >= buckets) continue;
    const edges = Array.from({ length: indexOf(hi) + 1 }, (_, i) => Number(start + BigInt(i) * width));
    return { edges, width: Number(width), indexOf: ({ exact }) => indexOf(exact as bigint) };
  }
}

function realCells(lo: number, hi: number, buckets: number): Cells {
  for (let exponent = lo === hi ? 0 : -60; ; exponent++) {
    const width = 2 ** exponent;
    if (Math.max(Math.abs(lo), Math.abs(hi)) / width > 2 ** 50) continue;
    const around = buckets === 1 && lo < 0 && hi >= 0;
    const start = around ? -width / 2 : Math.floor(lo / width) * width;
    const indexOf = (x: number) => Math.floor((x - start) / width);
    if (indexOf(lo) < 0 || indexOf(hi) >= buckets) continue;
    const edges = Array.from({ length: indexOf(hi) + 1 }, (_, i) => start + i * width);
    return { edges, width, indexOf: ({ x }) => indexOf(x) };
  }
}

function cellOf(points: readonly ReferencePoint[]): ReferenceCell {
  const ordered = [...points].sort(comparePoints);
  const finite = points.map(({ value }) => value).filter(Number.isFinite);
  const mean = finite.length === 0 ? null : finite.reduce((sum, value) => sum + value, 0) / finite.length;
  const squares = finite.reduce((sum, value) => sum + (value - (mean ?? 0)) ** 2, 0);
  return {
    count: points.length,
    nonFinite: points.length - finite.length,
    first: ordered[0]?.value ?? null,
    last: ordered.at(-1)?.value ?? null,
    min: finite.length === 0 ? null : Math.min(...finite),
    max: finite.length === 0 ? null : Math.max(...finite),
    mean,
    std: finite.length === 0 ? null : Math.sqrt(squares / finite.length),
    magnitude: finite.reduce((sum, value) => sum + Math.abs(value), 0) / Math.max(1, finite.length),
  };
}
