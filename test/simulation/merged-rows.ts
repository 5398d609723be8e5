/** Rows of `rollups` and `series` merged as the engine merges them, for comparison with what the naive way gives. */
import type { NativeRow, VarianceState } from '../native-reader.js';
import { compareTuples, type EndTuple, type NaiveSummary } from './naive-series.js';

const num = (row: NativeRow, column: string): number => Number(row[column]);
const tuple = (row: NativeRow, column: string): EndTuple => {
  const [step, micro, time, value, isNan] = row[column] as readonly (bigint | number)[];
  return [step as bigint, Number(micro), Number(time), Number(value), Number(isNan)];
};

/** Merges the rows of one key. */
export function mergeRows(rows: readonly NativeRow[]): NaiveSummary {
  const total = (column: string) => rows.reduce((sum, row) => sum + num(row, column), 0);
  const states = rows.map((row) => row['spread'] as VarianceState).filter(({ count }) => count > 0);
  const finite = states.reduce((sum, { count }) => sum + count, 0);
  if (finite !== total('finite')) throw new Error('the spread covers other values than the counts');
  const mean = states.reduce((sum, state) => sum + (state.mean * state.count) / finite, 0);
  const squares = states.reduce((sum, state) => sum + state.squares + state.count * (state.mean - mean) ** 2, 0);
  const firsts = rows.map((row) => tuple(row, 'first')).sort(compareTuples);
  const lasts = rows.map((row) => tuple(row, 'last')).sort(compareTuples);
  return {
    count: total('count'),
    finite: total('finite'),
    nans: total('nans'),
    posInfs: total('pos_infs'),
    negInfs: total('neg_infs'),
    min: Math.min(...rows.map((row) => num(row, 'min'))),
    max: Math.max(...rows.map((row) => num(row, 'max'))),
    sum: total('sum'),
    variance: finite === 0 ? undefined : squares / finite,
    first: firsts[0] as EndTuple,
    last: lasts.at(-1) as EndTuple,
    timeMin: Math.min(...rows.map((row) => num(row, 'time_min'))),
    timeMax: Math.max(...rows.map((row) => num(row, 'time_max'))),
  };
}

export function groupRows(rows: readonly NativeRow[], nameOf: (row: NativeRow) => string): Map<string, NativeRow[]> {
  const groups = new Map<string, NativeRow[]>();
  for (const row of rows) {
    const name = nameOf(row);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return groups;
}
