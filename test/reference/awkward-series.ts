/** Series as they come in practice when things go wrong: late, repeated, decimal, negative and enormous steps, NaN and infinities. */
import type { Random } from '../simulation/random.js';
import type { ReferencePoint } from './series-reference.js';

const START_MS = 1_760_000_000_000;

export interface SeriesShape {
  readonly key: string;
  readonly context?: string;
  readonly from: bigint;
  readonly points: number;
  /** Largest distance between steps. */
  readonly strideMax: number;
  readonly micros?: boolean;
  /** Share of points whose step was logged before. */
  readonly repeats?: number;
  /** Share of points that are NaN or infinite. */
  readonly odd?: number;
  /** Times that do not rise with the step. */
  readonly jumpyTimes?: boolean;
  /** Values that rise with the step, as an epoch does. */
  readonly rising?: boolean;
}

export function awkwardSeries(random: Random, shape: SeriesShape): ReferencePoint[] {
  const points: ReferencePoint[] = [];
  let step = shape.from;
  let time = START_MS + random.between(0, 10_000);
  for (let i = 0; i < shape.points; i++) {
    const repeated = points.length > 0 && random.chance(shape.repeats ?? 0) ? random.pick(points) : undefined;
    // decimal steps share their whole part now and then
    const strideMin = i === 0 || (shape.micros === true && random.chance(0.3)) ? 0 : 1;
    if (repeated === undefined) step += BigInt(random.between(strideMin, shape.strideMax));
    time += shape.jumpyTimes === true ? random.between(-3_000, 4_000) : random.between(0, 40);
    const isDecimal = shape.micros === true && random.chance(0.5);
    points.push({
      key: shape.key,
      context: shape.context ?? '',
      step: repeated?.step ?? step,
      micro: repeated?.micro ?? (isDecimal ? random.between(1, 999_999) : 0),
      time: repeated !== undefined && random.chance(0.5) ? repeated.time : Math.max(0, time),
      value: valueOf(random, shape, i),
    });
  }
  return points;
}

function valueOf(random: Random, shape: SeriesShape, i: number): number {
  if (random.chance(shape.odd ?? 0)) return random.pick([NaN, NaN, Infinity, -Infinity]);
  if (shape.rising === true) return Math.floor(i / 10) + random.between(0, 3) / 4;
  return random.pick([random.next() - 0.5, Math.fround(random.next() * 1e6), random.between(-5, 5), -0, 1e-300]);
}

/** In the order they arrive: mostly in order, some much later, in slices of their own. */
export function arrivals(random: Random, points: readonly ReferencePoint[], slices: number): ReferencePoint[][] {
  const parts = Array.from({ length: slices }, (): ReferencePoint[] => []);
  points.forEach((point, i) => {
    const due = Math.floor((i * slices) / points.length);
    const slice = random.chance(0.05) ? random.between(0, slices - 1) : due;
    parts[slice]?.push(point);
  });
  return parts.filter((part) => part.length > 0);
}
