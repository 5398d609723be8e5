/** Partial states merge to the summary of all points, in any order of the rows. */
import { describe, expect, it } from 'vitest';
import type { Cell, Columns } from '../../clickhouse/tables.js';
import type { MetricSummary } from '../api.js';
import { mergePartials } from './partial-summaries.js';

type Partial = Readonly<Record<string, Cell>>;

/** Of one point with value 1 at step 0, where nothing else is said. */
const ONE: Partial = {
  run: 'r',
  key: 'k',
  count: 1,
  finite: 1,
  min: 1,
  max: 1,
  sum: 1,
  first_step: 0,
  last_step: 0,
  last_micro: 0,
  last_time: 0,
  last_value: 1,
  last_is_nan: 0,
};

const answer = (rows: readonly Partial[]): Columns => ({
  rows: rows.length,
  columns: Object.fromEntries(
    Object.keys(ONE).map((name) => [name, rows.map((row) => row[name] ?? ONE[name] ?? null)]),
  ),
});

/** The summary of one metric, which must not depend on the order of its rows. */
function merged(...rows: Partial[]): MetricSummary | undefined {
  const [there, back] = [rows, [...rows].reverse()].map((some) => mergePartials(answer(some)).get('r')?.get('k'));
  expect(there).toEqual(back);
  return there;
}

describe('partial summaries', () => {
  it('of one row are that row', () => {
    expect(
      merged({ count: 4, finite: 3, min: -2, max: 5, sum: 6, first_step: 3, last_step: 9, last_value: 5 }),
    ).toEqual({
      last: 5,
      min: -2,
      max: 5,
      mean: 2,
      count: 4,
      nonFinite: 1,
      firstStep: 3,
      lastStep: 9,
    });
  });

  it('add up, each bound from where it is', () => {
    expect(
      merged(
        { count: 2, finite: 2, min: 0, max: 8, sum: 8, first_step: 5, last_step: 6, last_value: 8 },
        { count: 3, finite: 2, min: -1, max: 1, sum: 0, first_step: -7, last_step: 5, last_value: 0.5 },
      ),
    ).toEqual({ last: 8, min: -1, max: 8, mean: 2, count: 5, nonFinite: 1, firstStep: -7, lastStep: 6 });
  });

  it.each<readonly [order: string, smaller: Partial, greater: Partial]>([
    ['step', { last_step: 1, last_micro: 9 }, { last_step: 2 }],
    ['step below zero', { last_step: -2, last_micro: 9 }, { last_step: -1 }],
    ['step beyond 2^53', { last_step: '9007199254740992', last_micro: 9 }, { last_step: '9007199254740993' }],
    ['step on both sides of 2^53', { last_step: 9007199254740991, last_micro: 9 }, { last_step: '9007199254740993' }],
    ['least step', { last_step: '-9223372036854775808', last_micro: 9 }, { last_step: -1 }],
    ['micro-step', { last_micro: 1, last_time: 9 }, { last_micro: 2 }],
    ['time', { last_time: 1, last_value: 99 }, { last_time: 2 }],
    ['value', { last_value: 1 }, { last_value: 2 }],
    ['infinite value', { last_value: '-inf' }, { last_value: 'inf' }],
  ])('have the last value by %s', (_, smaller, greater) => {
    const more: Partial = { last_value: 4, ...greater };
    const { last } = merged({ last_value: 3, ...smaller }, more) ?? {};
    expect(last).toBe(more['last_value'] === 'inf' ? 'Infinity' : more['last_value']);
  });

  it('have NaN as the last value where it is behind the others, and before them where it is not', () => {
    const nan = { finite: 0, min: 'inf', max: '-inf', sum: 0, last_value: 0, last_is_nan: 1 };
    expect(merged({ ...nan, last_step: 2 }, { last_step: 1 })).toMatchObject({
      last: 'NaN',
      lastStep: 2,
      nonFinite: 1,
    });
    expect(merged({ ...nan, last_step: 1 }, { last_step: 2 })).toMatchObject({ last: 1, min: 1, mean: 1 });
    // at the same place NaN stands for 0, and comes after it
    expect(merged(nan, { last_value: 0 })?.last).toBe('NaN');
    expect(merged(nan, { last_value: 0.5 })?.last).toBe(0.5);
  });

  it('have no bounds and no mean without finite values', () => {
    const nan = { finite: 0, min: 'inf', max: '-inf', sum: 0, last_value: 'inf' };
    expect(merged(nan, nan)).toMatchObject({
      last: 'Infinity',
      min: null,
      max: null,
      mean: null,
      count: 2,
      nonFinite: 2,
    });
    expect(merged(nan, { min: 3, max: 3, sum: 3 })).toMatchObject({ min: 3, max: 3, mean: 3 });
  });

  it('have no mean where the sum overflows', () => {
    expect(merged({ sum: 1.5e308 }, { sum: 1.5e308 })?.mean).toBeNull();
  });

  it('merge over several contexts, and keep runs and keys apart', () => {
    const summaries = mergePartials(
      answer([
        {},
        { key: 'other', count: 7 },
        { run: 's', count: 5 },
        { count: 2 },
        { count: 3 },
        { run: 's', count: 1 },
      ]),
    );
    const counts = [...summaries].map(([run, metrics]) => [run, [...metrics].map(([key, { count }]) => [key, count])]);
    expect(counts).toEqual([['r', [['k', 6], ['other', 7]]], ['s', [['k', 6]]]]); // prettier-ignore
  });

  it('give steps as the nearest doubles', () => {
    expect(merged({ first_step: '-9223372036854775808', last_step: '9223372036854775807' })).toMatchObject({
      firstStep: -(2 ** 63),
      lastStep: 2 ** 63,
    });
  });
});
