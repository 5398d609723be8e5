/** Experiments as folders. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { folderRows } from './folder-tree.js';

const leaf = (name: string, runs = 1, running = 0, lastStartedAt: number | null = null) => ({
  name,
  runs,
  running,
  lastStartedAt,
});

describe('folderRows', () => {
  test('puts folders first, sums what lies under them and orders numbers as numbers', () => {
    const rows = folderRows(
      [leaf('zeta', 2), leaf('vision/run10', 3, 1, 50), leaf('vision/run9', 4, 0, 90), leaf('vision')],
      new Set(),
    );
    expect(rows.map((row) => ['  '.repeat(row.depth) + row.label, row.runs, row.running, row.lastStartedAt])).toEqual([
      ['vision', 8, 1, 90],
      ['  run9', 4, 0, 90],
      ['  run10', 3, 1, 50],
      ['zeta', 2, 0, null],
    ]);
    expect(rows[0]).toMatchObject({ folder: true, open: true, experiment: { name: 'vision' } });
  });

  test('hides what lies in a closed folder and keeps its sums', () => {
    const rows = folderRows([leaf('a/b/c', 2), leaf('a/d', 1)], new Set(['a']));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ path: 'a', open: false, runs: 3, experiment: undefined });
  });

  test('shows each experiment exactly once, whatever the names', () => {
    const names = fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b', '/'), minLength: 1 }));
    fc.assert(
      fc.property(names, (given) => {
        const shown = folderRows(
          given.map((name) => leaf(name)),
          new Set(),
        ).flatMap((row) => row.experiment?.name ?? []);
        expect(shown.sort()).toEqual([...given].sort());
      }),
    );
  });
});
