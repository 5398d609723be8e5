/** Rollups → blocks of the table `rollups`. */
import { nativeBlock, numberColumn } from '../clickhouse/native.js';
import type { Rollups } from './roll-up.js';
import type { SeriesDictionaries } from './series-columns.js';
import { summaryColumns } from './summary-columns.js';

export function projectRollups(rollups: Rollups, dictionaries: SeriesDictionaries): Uint8Array[] {
  const { rows } = rollups.summaries;
  const id = dictionaries.columns(rows, rollups.stretches);
  return nativeBlock([
    id.workspace,
    id.run,
    id.generation,
    id.key,
    id.context,
    numberColumn('level', 'UInt8', rollups.level.subarray(0, rows)),
    numberColumn('bucket', 'Int64', rollups.bucket.subarray(0, 2 * rows)),
    ...summaryColumns(rollups.summaries),
  ]);
}
