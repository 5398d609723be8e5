/** Labels of axes. */
import { describe, expect, test } from 'vitest';
import { apart, decadeTick, stepTick, valueTick } from './ticks.js';

describe('tick labels', () => {
  test.each([
    [0, 0.1, '0'],
    [0.3, 0.1, '0.3'],
    [-0.25, 0.05, '−0.25'],
    [0.75, 0.25, '0.75'],
    [0.5, 0.25, '0.50'],
    [0.30000000000000004, 0.1, '0.3'],
    [20, 10, '20'],
    [2.5e-5, 5e-6, '2.5e−5'],
    [3e6, 1e6, '3,000,000'],
  ])('value %d at distance %d is %s', (value, increment, text) => {
    expect(valueTick(value, increment)).toBe(text);
  });

  test.each([
    [0, 100, '0'],
    [800, 100, '800'],
    [1200, 200, '1.2k'],
    [1250, 250, '1.25k'],
    [5000, 1000, '5k'],
    [12_000, 2000, '12k'],
    [1_500_000, 500_000, '1.5M'],
    [12_345, 1, '12,345'],
  ])('step %d at distance %d is %s', (value, increment, text) => {
    expect(stepTick(value, increment)).toBe(text);
  });

  test.each([
    [0.001, '0.001'],
    [1e-7, '1e−7'],
    [-10, '−10'],
    [20, '20'],
    [0.5, '0.5'],
    [1e6, '1e6'],
  ])('decade %d is %s', (value, text) => {
    expect(decadeTick(value)).toBe(text);
  });

  test('leave room for each other, zero and the greatest first', () => {
    const labels = ['-1', '-0.1', '0', '0.1', '1', ''];
    expect(apart([-1, -0.1, 0, 0.1, 1, 2], labels, [100, 55, 50, 45, 0, -5], 12)).toEqual(['-1', '', '0', '', '1', '']);
  });
});
