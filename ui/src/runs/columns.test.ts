/** Columns and fields of the filter language. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RunRow } from '../../../query/api.js';
import { parseColumn } from '../../../query/filter/order.js';
import { aggregates, cellValue, columnOf, fieldOf, looksNumeric, usualColumns, type Column } from './columns.js';

const name = fc.oneof(
  fc.string({ minLength: 1, unit: fc.constantFrom('a', '`', '"', '\\', '.', ' ', '/', 'é') }),
  fc.string({ minLength: 1, unit: 'grapheme' }),
  fc.constantFrom('a.b', 'loss.min', '`', '``x`', 'train/loss', '__proto__'),
);
const column: fc.Arbitrary<Column> = fc.oneof(
  fc.record({ kind: fc.constant('metric' as const), name, aggregate: fc.constantFrom(...aggregates) }),
  fc.record({ kind: fc.constantFrom('param' as const, 'tag' as const), name }),
  fc.record({ kind: fc.constant('field' as const), name: fc.constantFrom('status' as const, 'started' as const) }),
);
const run = (parts: Partial<RunRow>) => ({ params: {}, tags: {}, metrics: {}, ...parts }) as RunRow;

describe('columns', () => {
  test('survive being spelled as a field, whatever the name', () => {
    fc.assert(
      fc.property(column, (given) => {
        expect(columnOf(fieldOf(given))).toEqual(given);
      }),
    );
  });

  test('are read by the server as they are meant', () => {
    fc.assert(
      fc.property(column, (given) => {
        const read = parseColumn(fieldOf(given), 'columns[0]');
        if (given.kind === 'field') expect(read).toEqual({ space: 'attribute', name: given.name });
        else if (given.kind === 'metric')
          expect(read).toEqual({ space: 'metric', key: given.name, aggregate: given.aggregate });
        else expect(read).toEqual({ space: given.kind, key: given.name });
      }),
      { numRuns: 1000 },
    );
  });

  test('are spelled plainly where that is possible', () => {
    expect(fieldOf({ kind: 'metric', name: 'val_acc', aggregate: 'max' })).toBe('metrics.val_acc.max');
    expect(fieldOf({ kind: 'metric', name: 'train/loss', aggregate: 'last' })).toBe('metrics.train/loss.last');
    expect(fieldOf({ kind: 'param', name: 'lr' })).toBe('params.lr');
    expect(columnOf('metrics.loss')).toEqual({ kind: 'metric', name: 'loss', aggregate: 'last' });
    expect(columnOf('params.model.mean')).toEqual({ kind: 'param', name: 'model.mean' });
    expect(columnOf('nonsense')).toBeUndefined();
  });

  test('take values of the run and nothing that objects inherit', () => {
    const summary = {
      last: 'NaN' as const,
      min: 1,
      max: 2,
      mean: null,
      count: 3,
      nonFinite: 1,
      firstStep: 0,
      lastStep: 2,
    };
    const given = run({ params: { lr: '0.1' }, metrics: { loss: summary } });
    expect(cellValue({ kind: 'metric', name: 'loss', aggregate: 'last' }, given)).toEqual({
      kind: 'number',
      value: 'NaN',
    });
    expect(cellValue({ kind: 'metric', name: 'loss', aggregate: 'mean' }, given)).toEqual({ kind: 'none' });
    expect(cellValue({ kind: 'param', name: 'lr' }, given)).toEqual({ kind: 'text', value: '0.1' });
    expect(cellValue({ kind: 'param', name: 'constructor' }, given)).toEqual({ kind: 'none' });
  });

  test('of parameters stand right only when all values are numbers', () => {
    const lr: Column = { kind: 'param', name: 'lr' };
    expect(looksNumeric(lr, [run({ params: { lr: '1e-3' } }), run({})])).toBe(true);
    expect(looksNumeric(lr, [run({ params: { lr: '1e-3' } }), run({ params: { lr: 'auto' } })])).toBe(false);
    expect(looksNumeric(lr, [run({})])).toBe(false);
  });

  test('start with results before weights and gradients', () => {
    const named = (...names: string[]) => names.map((text) => ({ name: text, runs: 1 }));
    const known = {
      params: named('lr', 'seed'),
      tags: [],
      metrics: named(
        'weights/h/std',
        'train/gradient_norm',
        'epoch',
        'train/loss',
        'validation/loss',
        'train/accuracy',
        'validation/accuracy',
        'cpu',
      ),
    };
    expect(usualColumns(known).flatMap((shown) => (shown.kind === 'metric' ? [shown.name] : []))).toEqual([
      'validation/loss',
      'validation/accuracy',
      'train/accuracy',
      'train/loss',
      'epoch',
      'weights/h/std',
    ]);
  });
});
