/** What the tooltip says. */
import { describe, expect, test } from 'vitest';
import type { DrawnLine } from './drawn-line.js';
import { hoverAt } from './hover.js';

function drawn(run: string, x: number[], y: number[], odd: number[] = []): DrawnLine {
  const last = Float64Array.from(y);
  const line = {
    id: run,
    run,
    key: 'loss',
    context: '',
    raw: true,
    width: 0,
    x: Float64Array.from(x),
    last,
    low: last,
    high: last,
    mean: last,
    finite: Float64Array.from(y, (value) => (Number.isNaN(value) ? 0 : 1)),
    odd: Float64Array.from(x, (_, i) => odd[i] ?? 0),
  };
  return { line, label: run, color: '#000', dash: [], y: last, faint: undefined };
}

const lines = [
  drawn('short', [0, 10, 20], [5, 4, 3]),
  drawn('long', [0, 10, 20, 90, 100], [9, 8, NaN, 6, 5], [0, 0, 1, 0, 0]),
  drawn('low', [0, 50, 100], [1, 1, 1]),
];
const hover = (at: number, height = 0) =>
  hoverAt(lines, at, { min: 0, max: 100 }, (value) => Math.abs(value - height), 2);

describe('hoverAt', () => {
  test('lists lines by value, greatest first, and what is not finite last with its count', () => {
    expect(hover(10).rows.map((row) => [row.run, row.value])).toEqual([
      ['long', 8],
      ['short', 4],
      ['low', 1],
    ]);
    const odd = hover(20).rows.at(-1);
    expect([odd?.run, odd?.value, odd?.odd, odd?.points]).toEqual(['long', NaN, 1, 1]);
  });

  test('leaves out lines that ended before the pointer', () => {
    expect(hover(95).rows.map((row) => row.run)).toEqual(['long', 'low']);
    expect(hover(21).rows.map((row) => row.run)).toContain('short');
  });

  test('names the line nearest to the pointer only when one is near', () => {
    expect(hover(10, 7.5).nearest).toBe('long');
    expect(hover(10, 30).nearest).toBeUndefined();
  });
});
