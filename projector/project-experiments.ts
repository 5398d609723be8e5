/** ExperimentChanged → rows of `experiments`. */
import {
  integerColumn,
  lowCardinalityColumnOf,
  nativeBlock,
  numberColumn,
  stringColumn,
  timeColumn,
  uuidColumnOf,
} from '../clickhouse/native.js';
import { lastByKey, type FactAt, type TableBlock } from './fact-at.js';

export function projectExperiments(facts: readonly FactAt<'ExperimentChanged'>[]): TableBlock[] {
  const rows = lastByKey(facts, ({ fact }) => fact.experiment.id);
  if (rows.length === 0) return [];
  const experiments = rows.map(({ fact }) => fact.experiment);
  const block = nativeBlock([
    lowCardinalityColumnOf(
      'workspace',
      experiments.map((e) => e.workspace),
    ),
    uuidColumnOf(
      'experiment',
      experiments.map((e) => e.id),
    ),
    stringColumn(
      'name',
      experiments.map((e) => e.name),
    ),
    timeColumn(
      'created_at',
      experiments.map((e) => e.createdAt),
    ),
    numberColumn(
      'deleted',
      'UInt8',
      Uint8Array.from(experiments, (e) => Number(e.deleted)),
    ),
    integerColumn(
      'version',
      'UInt64',
      rows.map(({ offset }) => offset),
    ),
  ]);
  return [{ table: 'experiments', block }];
}
