/** The columns of summaries that `rollups`, `series` and `series_by_run` have in common. */
import {
  numberColumn,
  simpleAggregate,
  tupleColumn,
  varianceStateColumn,
  type NativeColumn,
} from '../clickhouse/native.js';
import type { EndPoints, Summaries } from './summaries.js';

export function summaryColumns(summaries: Summaries): NativeColumn[] {
  const { rows } = summaries;
  const count = (name: string, halves: Uint32Array) =>
    simpleAggregate('sum', numberColumn(name, 'UInt64', halves.subarray(0, 2 * rows)));
  const float = (name: string, values: Float64Array) => numberColumn(name, 'Float64', values.subarray(0, rows));
  const time = (name: string, halves: Int32Array) => numberColumn(name, 'Int64', halves.subarray(0, 2 * rows));
  const endPoint = (name: string, ends: EndPoints) =>
    tupleColumn(name, [
      numberColumn('step', 'Int64', ends.step.subarray(0, 2 * rows)),
      numberColumn('micro', 'Int32', ends.micro.subarray(0, rows)),
      numberColumn('time', 'Int64', ends.time.subarray(0, 2 * rows)),
      numberColumn('value', 'Float64', ends.value.subarray(0, rows)),
      numberColumn('is_nan', 'UInt8', ends.isNan.subarray(0, rows)),
    ]);
  return [
    count('count', summaries.count),
    count('finite', summaries.finite),
    count('nans', summaries.nans),
    count('pos_infs', summaries.posInfs),
    count('neg_infs', summaries.negInfs),
    simpleAggregate('min', float('min', summaries.min)),
    simpleAggregate('max', float('max', summaries.max)),
    simpleAggregate('sum', float('sum', summaries.sum)),
    varianceStateColumn(
      'spread',
      rows,
      (row) => summaries.finite[2 * row] as number,
      summaries.mean,
      summaries.squares,
    ),
    simpleAggregate('min', endPoint('first', summaries.first)),
    simpleAggregate('max', endPoint('last', summaries.last)),
    simpleAggregate('min', time('time_min', summaries.timeMin)),
    simpleAggregate('max', time('time_max', summaries.timeMax)),
  ];
}
