/** Rows of a comparison: one name, its value in each run, whether they differ, and how far each is from the reference. */
import { parseNumberText } from '../../runtime/number-text.js';
import type { CompareRow } from '../api.js';

export type Value = string | number;

export interface RowOptions {
  /** Index of the run that deltas are taken against. */
  readonly reference: number | undefined;
  readonly onlyDifferent: boolean;
}

/** `perRun` is in the order of the runs; names come out in their own order. */
export function compareRows(perRun: readonly ReadonlyMap<string, Value>[], options: RowOptions): CompareRow[] {
  const names = [...new Set(perRun.flatMap((values) => [...values.keys()]))].sort();
  return names
    .map((name) =>
      compareRow(
        name,
        perRun.map((values) => values.get(name) ?? null),
        options.reference,
      ),
    )
    .filter((row) => row.different || !options.onlyDifferent);
}

function compareRow(name: string, values: readonly (Value | null)[], reference: number | undefined): CompareRow {
  const different = values.some((value) => !isSame(value, values[0] ?? null));
  const base = reference === undefined ? undefined : numberOf(values[reference] ?? null);
  if (base === undefined) return { name, values, different };
  const deltas = values.map((value) => {
    const number = numberOf(value);
    return number === undefined ? null : number - base;
  });
  return { name, values, different, deltas };
}

/** Numbers are the same as numbers, `1e-3` and `0.001` too; a missing value differs from every other. */
function isSame(a: Value | null, b: Value | null): boolean {
  if (a === b) return true;
  const number = numberOf(a);
  return number !== undefined && number === numberOf(b);
}

const numberOf = (value: Value | null): number | undefined =>
  typeof value === 'string' ? parseNumberText(value) : (value ?? undefined);
