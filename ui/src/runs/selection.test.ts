/** Ticking runs. */
import { describe, expect, test } from 'vitest';
import { fit, selectionRunsMax, tick } from './selection.js';

const rows = ['a', 'b', 'c', 'd', 'e'];

describe('tick', () => {
  test('adds at the end and takes away', () => {
    expect(tick(['c'], rows, 'a', undefined).selected).toEqual(['c', 'a']);
    expect(tick(['c', 'a'], rows, 'c', undefined).selected).toEqual(['a']);
  });

  test('with an anchor takes the stretch between, in both directions', () => {
    expect(tick(['b'], rows, 'd', 'b').selected).toEqual(['b', 'c', 'd']);
    expect(tick(['d'], rows, 'b', 'd').selected).toEqual(['d', 'b', 'c']);
    expect(tick(['a', 'b', 'c', 'd'], rows, 'b', 'd').selected).toEqual(['a']);
    expect(tick([], rows, 'b', 'gone').selected).toEqual(['b']);
  });

  test('stops where a comparison or an address would no longer hold them', () => {
    expect(fit(Array.from({ length: 500 }, (_, i) => `r${String(i)}`))).toMatchObject({ full: true });
    expect(fit(Array.from({ length: 500 }, (_, i) => `r${String(i)}`)).selected).toHaveLength(selectionRunsMax);
    expect(fit(['x'.repeat(700), 'y'.repeat(700)].concat(Array<string>(20).fill('é'.repeat(300)))).full).toBe(true);
    expect(fit(rows).full).toBe(false);
  });
});
