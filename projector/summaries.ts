/**
 * Summaries of points: rows of the tables `rollups` and `series` as columns, made from raw points once and then merged.
 *
 * A row covers a set of points: how many, how many finite, NaN and infinite; min, max, sum, mean and squared differences of the
 * finite ones; the least and greatest (step, micro, time, value or 0 for NaN, is NaN); the least and greatest time. Merging is
 * associative and commutative (but for the rounding of sums). An empty min is +Inf, an empty max -Inf.
 * 64-bit integers are kept as 32-bit halves, as the tables' blocks want them.
 */
import type { PointBuffers } from './point-buffers.js';

/** A point at one end of a series per row, by the order of (step, micro, time, value, is NaN). */
export interface EndPoints {
  step: Int32Array;
  micro: Int32Array;
  time: Int32Array;
  value: Float64Array;
  isNan: Uint8Array;
}

const COUNTS = ['count', 'finite', 'nans', 'posInfs', 'negInfs'] as const;

export class Summaries {
  rows = 0;
  private capacity = 0;
  /** UInt64 in halves; a slice's counts need the low one only. */
  count = new Uint32Array(0);
  finite = new Uint32Array(0);
  nans = new Uint32Array(0);
  posInfs = new Uint32Array(0);
  negInfs = new Uint32Array(0);
  min = new Float64Array(0);
  max = new Float64Array(0);
  sum = new Float64Array(0);
  mean = new Float64Array(0);
  squares = new Float64Array(0);
  timeMin = new Int32Array(0);
  timeMax = new Int32Array(0);
  readonly first: EndPoints = noEndPoints();
  readonly last: EndPoints = noEndPoints();

  /** Makes room for one more row and gives its index; what is in it is undefined. */
  add(): number {
    if (this.rows === this.capacity) this.grow(Math.max(256, 2 * this.capacity));
    return this.rows++;
  }

  /** Fills a row from points [start, end) of one series, which are in order of step. At least one. */
  summarise(row: number, points: PointBuffers, hasMicro: boolean, start: number, end: number): void {
    const { value, time } = points;
    let finite = 0;
    let nans = 0;
    let posInfs = 0;
    let negInfs = 0;
    let sum = 0;
    let min = Infinity;
    let max = -Infinity;
    let timeMin = Infinity;
    let timeMax = -Infinity;
    for (let i = start; i < end; i++) {
      const v = value[i] as number;
      if (v - v === 0) {
        finite++;
        sum += v;
        if (v < min) min = v;
        if (v > max) max = v;
      } else if (v === Infinity) posInfs++;
      else if (v === -Infinity) negInfs++;
      else nans++;
      // ms fit into 53 bits
      const t = (time[2 * i + 1] as number) * 0x1_0000_0000 + ((time[2 * i] as number) >>> 0);
      if (t < timeMin) timeMin = t;
      if (t > timeMax) timeMax = t;
    }
    setCount(this.count, row, end - start);
    setCount(this.finite, row, finite);
    setCount(this.nans, row, nans);
    setCount(this.posInfs, row, posInfs);
    setCount(this.negInfs, row, negInfs);
    this.min[row] = min;
    this.max[row] = max;
    this.sum[row] = sum;
    setTime(this.timeMin, row, timeMin);
    setTime(this.timeMax, row, timeMax);
    this.spread(row, value, start, end, finite, sum);
    setEndPoint(this.first, row, points, hasMicro, firstOf(points, hasMicro, start, end));
    setEndPoint(this.last, row, points, hasMicro, lastOf(points, hasMicro, start, end));
  }

  /** Mean and squared differences in two passes, with the correction for the rounding of the mean (Chan, Golub and LeVeque, 1983). */
  private spread(row: number, value: Float64Array, start: number, end: number, finite: number, sum: number): void {
    const mean = finite === 0 ? 0 : sum - sum === 0 ? sum / finite : meanOfHuge(value, start, end, finite);
    let squares = 0;
    let rest = 0;
    if (finite > 1) {
      for (let i = start; i < end; i++) {
        const difference = (value[i] as number) - mean;
        if (difference - difference === 0) {
          squares += difference * difference;
          rest += difference;
        }
      }
      squares -= (rest * rest) / finite;
    }
    this.mean[row] = mean;
    this.squares[row] = squares > 0 ? squares : squares <= 0 ? 0 : Infinity;
  }

  /** Makes `row` cover what `row` of `from` covers. */
  copy(row: number, from: Summaries, source: number): void {
    for (const name of COUNTS) setCount(this[name], row, from[name][2 * source] as number);
    for (const name of ['min', 'max', 'sum', 'mean', 'squares'] as const) {
      this[name][row] = from[name][source] as number;
    }
    copyPair(this.timeMin, row, from.timeMin, source);
    copyPair(this.timeMax, row, from.timeMax, source);
    copyEndPoint(this.first, row, from.first, source);
    copyEndPoint(this.last, row, from.last, source);
  }

  /** Makes `row` cover what `source` of `from` covers, too. */
  merge(row: number, from: Summaries, source: number): void {
    this.mergeSpread(row, from, source);
    for (const name of COUNTS) {
      setCount(this[name], row, (this[name][2 * row] as number) + (from[name][2 * source] as number));
    }
    this.sum[row] = (this.sum[row] as number) + (from.sum[source] as number);
    this.min[row] = Math.min(this.min[row] as number, from.min[source] as number);
    this.max[row] = Math.max(this.max[row] as number, from.max[source] as number);
    if (isLess(from.timeMin, source, this.timeMin, row)) copyPair(this.timeMin, row, from.timeMin, source);
    if (isLess(this.timeMax, row, from.timeMax, source)) copyPair(this.timeMax, row, from.timeMax, source);
    if (compareEndPoints(from.first, source, this.first, row) < 0) copyEndPoint(this.first, row, from.first, source);
    if (compareEndPoints(from.last, source, this.last, row) > 0) copyEndPoint(this.last, row, from.last, source);
  }

  /** Pairwise update of mean and squared differences (Chan, Golub and LeVeque, 1979). Uses the counts before they are merged. */
  private mergeSpread(row: number, from: Summaries, source: number): void {
    const here = this.finite[2 * row] as number;
    const there = from.finite[2 * source] as number;
    if (there === 0) return;
    if (here === 0) {
      this.mean[row] = from.mean[source] as number;
      this.squares[row] = from.squares[source] as number;
      return;
    }
    const delta = (from.mean[source] as number) - (this.mean[row] as number);
    const share = there / (here + there);
    this.mean[row] = (this.mean[row] as number) + delta * share;
    this.squares[row] = (this.squares[row] as number) + (from.squares[source] as number) + delta * delta * here * share;
  }

  private grow(capacity: number): void {
    this.capacity = capacity;
    for (const name of COUNTS) this[name] = grown(this[name], new Uint32Array(2 * capacity));
    for (const name of ['min', 'max', 'sum', 'mean', 'squares'] as const) {
      this[name] = grown(this[name], new Float64Array(capacity));
    }
    this.timeMin = grown(this.timeMin, new Int32Array(2 * capacity));
    this.timeMax = grown(this.timeMax, new Int32Array(2 * capacity));
    for (const ends of [this.first, this.last]) {
      ends.step = grown(ends.step, new Int32Array(2 * capacity));
      ends.micro = grown(ends.micro, new Int32Array(capacity));
      ends.time = grown(ends.time, new Int32Array(2 * capacity));
      ends.value = grown(ends.value, new Float64Array(capacity));
      ends.isNan = grown(ends.isNan, new Uint8Array(capacity));
    }
  }
}

/** The mean of finite values whose sum is not finite. */
function meanOfHuge(value: Float64Array, start: number, end: number, finite: number): number {
  let mean = 0;
  for (let i = start; i < end; i++) {
    const part = (value[i] as number) / finite;
    if (part - part === 0) mean += part;
  }
  return mean;
}

function noEndPoints(): EndPoints {
  return {
    step: new Int32Array(0),
    micro: new Int32Array(0),
    time: new Int32Array(0),
    value: new Float64Array(0),
    isNan: new Uint8Array(0),
  };
}

function grown<T extends Uint32Array | Int32Array | Float64Array | Uint8Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

function setCount(halves: Uint32Array, row: number, count: number): void {
  halves[2 * row] = count;
  halves[2 * row + 1] = 0;
}

function setTime(halves: Int32Array, row: number, ms: number): void {
  halves[2 * row] = (ms % 0x1_0000_0000) | 0;
  halves[2 * row + 1] = Math.floor(ms / 0x1_0000_0000);
}

function copyPair(to: Int32Array, row: number, from: Int32Array, source: number): void {
  to[2 * row] = from[2 * source] as number;
  to[2 * row + 1] = from[2 * source + 1] as number;
}

/** Whether the int64 at `a` of `left` is less than the one at `b` of `right`. */
function isLess(left: Int32Array, a: number, right: Int32Array, b: number): boolean {
  return comparePairs(left, a, right, b) < 0;
}

function comparePairs(left: Int32Array, a: number, right: Int32Array, b: number): number {
  const high = (left[2 * a + 1] as number) - (right[2 * b + 1] as number);
  return high !== 0 ? high : ((left[2 * a] as number) >>> 0) - ((right[2 * b] as number) >>> 0);
}

function compareEndPoints(left: EndPoints, a: number, right: EndPoints, b: number): number {
  return (
    comparePairs(left.step, a, right.step, b) ||
    (left.micro[a] as number) - (right.micro[b] as number) ||
    comparePairs(left.time, a, right.time, b) ||
    compareValues(left.value[a] as number, right.value[b] as number) ||
    (left.isNan[a] as number) - (right.isNan[b] as number)
  );
}

/** No NaN gets here; infinities are equal to themselves. */
const compareValues = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);

function setEndPoint(ends: EndPoints, row: number, points: PointBuffers, hasMicro: boolean, at: number): void {
  const value = points.value[at] as number;
  const isNan = value !== value;
  copyPair(ends.step, row, points.step, at);
  ends.micro[row] = hasMicro ? (points.micro[at] as number) : 0;
  copyPair(ends.time, row, points.time, at);
  ends.value[row] = isNan ? 0 : value;
  ends.isNan[row] = isNan ? 1 : 0;
}

function copyEndPoint(to: EndPoints, row: number, from: EndPoints, source: number): void {
  copyPair(to.step, row, from.step, source);
  to.micro[row] = from.micro[source] as number;
  copyPair(to.time, row, from.time, source);
  to.value[row] = from.value[source] as number;
  to.isNan[row] = from.isNan[source] as number;
}

function firstOf(points: PointBuffers, hasMicro: boolean, start: number, end: number): number {
  let best = start;
  for (let i = start + 1; i < end && comparePairs(points.step, i, points.step, start) === 0; i++) {
    if (compareAtOneStep(points, hasMicro, i, best) < 0) best = i;
  }
  return best;
}

function lastOf(points: PointBuffers, hasMicro: boolean, start: number, end: number): number {
  let best = end - 1;
  for (let i = end - 2; i >= start && comparePairs(points.step, i, points.step, end - 1) === 0; i--) {
    if (compareAtOneStep(points, hasMicro, i, best) > 0) best = i;
  }
  return best;
}

function compareAtOneStep(points: PointBuffers, hasMicro: boolean, a: number, b: number): number {
  const micro = hasMicro ? (points.micro[a] as number) - (points.micro[b] as number) : 0;
  const valueA = points.value[a] as number;
  const valueB = points.value[b] as number;
  const nanA = valueA !== valueA ? 1 : 0;
  const nanB = valueB !== valueB ? 1 : 0;
  return (
    micro ||
    comparePairs(points.time, a, points.time, b) ||
    compareValues(nanA === 1 ? 0 : valueA, nanB === 1 ? 0 : valueB) ||
    nanA - nanB
  );
}
