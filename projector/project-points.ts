/** Points → one block of the table `points`. */
import { nativeBlock, numberColumn } from '../clickhouse/native.js';
import type { SeriesDictionaries, Stretches } from './series-columns.js';
import type { SortedPoints } from './sorted-points.js';

/** The block's columns are views of the slice's buffers. */
export function projectPoints(points: SortedPoints, dictionaries: SeriesDictionaries): Uint8Array[] {
  const { rows, columns } = points;
  const id = dictionaries.columns(rows, stretchesOf(points.ends), columns);
  return nativeBlock([
    id.workspace,
    id.run,
    id.generation,
    id.key,
    id.context,
    numberColumn('step', 'Int64', columns.step.subarray(0, 2 * rows)),
    numberColumn('micro', 'Int32', points.hasMicro ? columns.micro.subarray(0, rows) : zeros(rows)),
    numberColumn('time', 'Int64', columns.time.subarray(0, 2 * rows)),
    numberColumn('value', 'Float64', columns.value.subarray(0, rows)),
  ]);
}

function* stretchesOf(ends: Uint32Array): Stretches {
  for (let series = 0; series < ends.length; series++) yield { series, end: ends[series] as number };
}

let zeroColumn = new Int32Array(0);

/** Most slices have no micro-steps: they share one column of zeros, which nothing writes to. */
function zeros(rows: number): Int32Array {
  if (zeroColumn.length < rows) zeroColumn = new Int32Array(Math.max(rows, 2 * zeroColumn.length));
  return zeroColumn.subarray(0, rows);
}
