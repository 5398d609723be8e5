/** Batches of one slice → its blocks for all tables, each made when it is its turn. */
import type { Batch } from './batch.js';
import type { PointBuffers } from './point-buffers.js';
import { projectChunks, projectSeen } from './project-chunks.js';
import { projectPoints } from './project-points.js';
import { projectRollups } from './project-rollups.js';
import { projectSeries, projectSeriesByRun } from './project-series.js';
import { rollUp } from './roll-up.js';
import { SeriesDictionaries } from './series-columns.js';
import type { TableInsert } from './slice.js';
import { sortPoints } from './sorted-points.js';
import { Summaries } from './summaries.js';

export interface MetricsSlice {
  readonly partition: number;
  /** Batches that were not seen before. */
  readonly accepted: readonly Batch[];
  /** All batches, heartbeats and repeats too. */
  readonly heard: readonly Batch[];
}

/** The blocks of points are views of `buffers`, which must be left alone until the slice is in the tables. */
export function* metricsInserts(slice: MetricsSlice, buffers: PointBuffers): Generator<TableInsert, void, undefined> {
  const { partition, accepted, heard } = slice;
  const withPoints = accepted.filter(({ chunk }) => chunk.rows > 0);
  if (withPoints.length > 0) {
    const points = sortPoints(withPoints, buffers);
    const dictionaries = new SeriesDictionaries(points.series);
    yield { table: 'points', block: projectPoints(points, dictionaries) };
    const series = new Summaries();
    let part = 0;
    for (const rollups of rollUp(points, series)) {
      yield { table: 'rollups', block: projectRollups(rollups, dictionaries), part: part++ };
    }
    yield { table: 'series', block: projectSeries(points.series, series, dictionaries) };
    yield { table: 'series_by_run', block: projectSeriesByRun(series, dictionaries) };
    yield { table: 'chunks', block: projectChunks(partition, withPoints) };
  }
  if (heard.length > 0) yield { table: 'seen', block: projectSeen(heard) };
}
