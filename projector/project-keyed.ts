/** Rows of a run's named values (parameters, tags) for the twin tables `X` (by key) and `X_by_run`. */
import {
  integerColumn,
  lowCardinalityColumnOf,
  nativeBlock,
  stringColumn,
  uuidColumnOf,
  type NativeColumn,
} from '../clickhouse/native.js';
import { lastByKey, type FactAt, type TableBlock } from './fact-at.js';

type Keyed = FactAt<'ParamSet'> | FactAt<'TagSet'>;

/** `own` is the column that this kind of value has beside its text. */
export function keyedTwins<T extends Keyed>(
  table: string,
  facts: readonly T[],
  own: (rows: readonly T[]) => NativeColumn,
): TableBlock[] {
  const rows = lastByKey(facts, ({ fact }) => `${fact.run}/${fact.key}`);
  if (rows.length === 0) return [];
  const texts = (of: (fact: Keyed['fact']) => string) => rows.map(({ fact }) => of(fact));
  const workspace = lowCardinalityColumnOf(
    'workspace',
    texts((fact) => fact.workspace),
  );
  const key = lowCardinalityColumnOf(
    'key',
    texts((fact) => fact.key),
  );
  const run = uuidColumnOf(
    'run',
    texts((fact) => fact.run),
  );
  const others = [
    uuidColumnOf(
      'experiment',
      texts((fact) => fact.experiment),
    ),
    stringColumn(
      'value',
      texts((fact) => fact.value ?? ''),
    ),
    own(rows),
    integerColumn(
      'version',
      'UInt64',
      rows.map(({ offset }) => offset),
    ),
  ];
  return [
    { table, block: nativeBlock([workspace, key, run, ...others]) },
    { table: `${table}_by_run`, block: nativeBlock([workspace, run, key, ...others]) },
  ];
}
