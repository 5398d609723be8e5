/** Labels of axes: as many digits as neighbouring ticks need to differ, steps in thousands and millions. Pure. */
import { formatNumber } from '../format/number.js';
import type { ScaleKind } from './line-range.js';

const minus = '\u2212';

/** Value axis; `increment` is the distance between ticks. */
export function valueTick(value: number, increment: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return formatNumber(value, significant(size, increment));
  return (value < 0 ? minus : '') + size.toFixed(decimalsOf(increment));
}

/** Logarithmic axes: powers of ten speak for themselves. */
export function decadeTick(value: number): string {
  if (value === 0) return '0';
  const exponent = Math.log10(Math.abs(value));
  const whole = Math.round(exponent);
  const plain = Math.abs(exponent - whole) > 1e-6 || (whole >= -3 && whole <= 4);
  const text = plain
    ? formatNumber(Math.abs(value), 2)
        .replace(/(\.\d*?)0+$/, '$1')
        .replace(/\.$/, '')
    : `1e${String(whole).replace('-', minus)}`;
  return (value < 0 ? minus : '') + text;
}

const labelHeight = 13;

/** All labels of a value axis; `yOf` gives their places in CSS pixels. A split is null where the axis wants no label. */
export function valueLabels(
  kind: ScaleKind,
  splits: readonly (number | null)[],
  increment: number,
  yOf: (value: number) => number,
): string[] {
  if (kind === 'linear') return splits.map((at) => (at === null ? '' : valueTick(at, increment)));
  const values = splits.map((at) => at ?? NaN);
  const labels = splits.map((at) => (at === null ? '' : decadeTick(at)));
  return apart(values, labels, values.map(yOf), labelHeight);
}

/** Leaves out labels that would run into each other: zero stays first of all, then the greater sizes. */
export function apart(
  values: readonly number[],
  labels: readonly string[],
  positions: readonly number[],
  least: number,
): string[] {
  const weight = (i: number) => (values[i] === 0 ? Infinity : Math.abs(values[i] ?? 0));
  const byWeight = labels
    .map((_, i) => i)
    .filter((i) => labels[i] !== '')
    .sort((a, b) => weight(b) - weight(a));
  const shown: number[] = [];
  for (const i of byWeight) {
    if (shown.every((other) => Math.abs((positions[other] ?? NaN) - (positions[i] ?? NaN)) >= least)) shown.push(i);
  }
  return labels.map((label, i) => (shown.includes(i) ? label : ''));
}

/** Step axis: 500, 12k, 1.5M. */
export function stepTick(value: number, increment: number): string {
  const size = Math.abs(value);
  for (const [unit, name] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    // two decimals at most, and none that neighbouring ticks do not need
    if (size < unit || increment < unit / 100) continue;
    return (value < 0 ? minus : '') + (size / unit).toFixed(decimalsOf(increment / unit)) + name;
  }
  return formatNumber(value, 6);
}

/** Decimals that multiples of `increment` need to be written without rounding: 0.25 takes two, 0.2 one. */
function decimalsOf(increment: number): number {
  let decimals = 0;
  while (decimals < 8 && Math.abs(increment * 10 ** decimals - Math.round(increment * 10 ** decimals)) > 1e-6)
    decimals++;
  return decimals;
}

const significant = (size: number, increment: number): number =>
  Math.min(8, Math.max(2, 1 + Math.ceil(Math.log10(size / increment))));
