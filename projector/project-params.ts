/** ParamSet → rows of the twins `params` (by key) and `params_by_run`, with the number that the text is, if it is one. */
import {
  integerColumn,
  lowCardinalityColumnOf,
  nativeBlock,
  nullableFloatColumn,
  stringColumn,
  uuidColumnOf,
} from '../clickhouse/native.js';
import { parseNumberText } from '../runtime/number-text.js';
import { lastByKey, type FactAt, type TableBlock } from './fact-at.js';

export function projectParams(facts: readonly FactAt<'ParamSet'>[]): TableBlock[] {
  const rows = lastByKey(facts, ({ fact }) => `${fact.run}/${fact.key}`);
  if (rows.length === 0) return [];
  const workspace = lowCardinalityColumnOf(
    'workspace',
    rows.map(({ fact }) => fact.workspace),
  );
  const key = lowCardinalityColumnOf(
    'key',
    rows.map(({ fact }) => fact.key),
  );
  const run = uuidColumnOf(
    'run',
    rows.map(({ fact }) => fact.run),
  );
  const others = [
    uuidColumnOf(
      'experiment',
      rows.map(({ fact }) => fact.experiment),
    ),
    stringColumn(
      'value',
      rows.map(({ fact }) => fact.value),
    ),
    nullableFloatColumn(
      'number',
      rows.map(({ fact }) => parseNumberText(fact.value)),
    ),
    integerColumn(
      'version',
      'UInt64',
      rows.map(({ offset }) => offset),
    ),
  ];
  return [
    { table: 'params', block: nativeBlock([workspace, key, run, ...others]) },
    { table: 'params_by_run', block: nativeBlock([workspace, run, key, ...others]) },
  ];
}
