/** A comparison as rows of one table: groups with their headings, only what differs when that is asked. Pure. */
import type { CompareAnswer, CompareRow } from '../../../query/api.js';

export type ComparisonRow =
  | {
      readonly kind: 'group';
      readonly key: string;
      readonly title: string;
      readonly shown: number;
      readonly of: number;
    }
  | { readonly kind: 'row'; readonly key: string; readonly group: string; readonly row: CompareRow };

const groups = [
  ['params', 'Parameters'],
  ['metrics', 'Metrics, last'],
  ['tags', 'Tags'],
  ['context', 'Code and environment'],
  ['packages', 'Packages'],
] as const;

export function comparisonRows(answer: CompareAnswer, onlyDifferent: boolean): ComparisonRow[] {
  return groups.flatMap(([key, title]): ComparisonRow[] => {
    const all = answer[key];
    const shown = onlyDifferent ? all.filter((row) => row.different) : all;
    if (all.length === 0) return [];
    return [
      { kind: 'group', key: `group ${key}`, title, shown: shown.length, of: all.length },
      ...shown.map((row): ComparisonRow => ({ kind: 'row', key: `${key} ${row.name}`, group: key, row })),
    ];
  });
}
