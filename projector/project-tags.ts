/** TagSet → rows of the twins `tags` (by key) and `tags_by_run`; a removed tag leaves a row that says so. */
import {
  integerColumn,
  lowCardinalityColumnOf,
  nativeBlock,
  numberColumn,
  stringColumn,
  uuidColumnOf,
} from '../clickhouse/native.js';
import { lastByKey, type FactAt, type TableBlock } from './fact-at.js';

export function projectTags(facts: readonly FactAt<'TagSet'>[]): TableBlock[] {
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
      rows.map(({ fact }) => fact.value ?? ''),
    ),
    numberColumn(
      'removed',
      'UInt8',
      Uint8Array.from(rows, ({ fact }) => Number(fact.value === null)),
    ),
    integerColumn(
      'version',
      'UInt64',
      rows.map(({ offset }) => offset),
    ),
  ];
  return [
    { table: 'tags', block: nativeBlock([workspace, key, run, ...others]) },
    { table: 'tags_by_run', block: nativeBlock([workspace, run, key, ...others]) },
  ];
}
