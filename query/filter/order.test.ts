/** Entries of orderBy and columns: the same names as in a filter, and mistakes that name the entry. */
import { describe, expect, it } from 'vitest';
import { Problem } from '../../runtime/problem.js';
import { parseColumn, parseOrderKey } from './order.js';

describe('an entry of orderBy', () => {
  it.each([
    ['metrics.acc DESC', { space: 'metric', key: 'acc', aggregate: 'last' }, true],
    ['metrics.`a b`.min', { space: 'metric', key: 'a b', aggregate: 'min' }, false],
    ['attributes.start_time asc', { space: 'attribute', name: 'started' }, false],
    ['params.lr DESC', { space: 'param', key: 'lr' }, true],
  ])('%s', (written, field, descending) => {
    expect(parseOrderKey(written, 'orderBy[0]')).toEqual({ field, descending });
  });

  it.each([
    ['', 1],
    ['metrics.acc DOWN', 13],
    ['metrics.acc DESC, name', 17],
    ["'acc'", 1],
    ['acc', 1],
  ])('%s is refused by its name', (written, column) => {
    expect(faultOf(() => parseOrderKey(written, 'orderBy[3]'))).toMatchObject({
      code: 'invalid_request',
      field: 'orderBy[3]',
      column,
    });
  });
});

describe('an entry of columns', () => {
  it('is one field', () => {
    expect(parseColumn('tags.team', 'columns[0]')).toEqual({ space: 'tag', key: 'team' });
    expect(faultOf(() => parseColumn('tags.team tags.x', 'columns[1]'))).toMatchObject({
      field: 'columns[1]',
      column: 11,
    });
  });
});

function faultOf(parse: () => unknown) {
  try {
    parse();
  } catch (error) {
    if (error instanceof Problem) return error.body();
  }
  throw new Error('it was accepted');
}
