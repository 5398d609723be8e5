/**
 * Exponential smoothing that does not change with the cells: a cell of n points weighs as n points would one after the other,
 * so the past decays by `weight^n`. Debiased, so that a line starts at its first value and a constant stays a constant.
 */
import type { Line } from './line-data.js';

/** The smoothed value at each x; cells without a finite value keep a gap. `weight` is the past's share per point, 0 … 0.999. */
export function smoothed(line: Pick<Line, 'mean' | 'finite'>, weight: number): Float64Array {
  const out = new Float64Array(line.mean.length);
  let past = 0;
  let mass = 0;
  for (let i = 0; i < out.length; i++) {
    const points = line.finite[i] ?? 0;
    if (points === 0) {
      out[i] = NaN;
      continue;
    }
    const keep = weight ** points;
    past = keep * past + (1 - keep) * (line.mean[i] ?? NaN);
    mass = keep * mass + (1 - keep);
    out[i] = past / mass;
  }
  return out;
}
