/** Summaries of whole series → one block each of the twins `series` (by key) and `series_by_run`. */
import { nativeBlock } from '../clickhouse/native.js';
import { byKey, byRun, type SeriesId } from './batch.js';
import type { SeriesDictionaries } from './series-columns.js';
import { summaryColumns } from './summary-columns.js';
import { Summaries } from './summaries.js';

/** `summaries` has one row per series, in the order of the points. */
export function projectSeriesByRun(summaries: Summaries, dictionaries: SeriesDictionaries): Uint8Array[] {
  const order = Uint32Array.from({ length: summaries.rows }, (_, s) => s);
  const id = dictionaries.columns(summaries.rows, oneRowEach(order));
  return nativeBlock([id.workspace, id.run, id.generation, id.key, id.context, ...summaryColumns(summaries)]);
}

export function projectSeries(
  series: readonly SeriesId[],
  summaries: Summaries,
  dictionaries: SeriesDictionaries,
): Uint8Array[] {
  const order = tableOrder(series);
  const reordered = new Summaries();
  for (const s of order) reordered.copy(reordered.add(), summaries, s);
  const id = dictionaries.columns(summaries.rows, oneRowEach(order));
  return nativeBlock([id.workspace, id.key, id.run, id.generation, id.context, ...summaryColumns(reordered)]);
}

function* oneRowEach(order: Uint32Array): Generator<{ series: number; end: number }> {
  for (let row = 0; row < order.length; row++) yield { series: order[row] as number, end: row + 1 };
}

/** By workspace and key, then run, generation and context. Series come by run, so a stable sort by key is enough. */
function tableOrder(series: readonly SeriesId[]): Uint32Array {
  const inRunOrder = series.map((id, s) => ({ id, s }));
  inRunOrder.sort((a, b) => {
    if (a.id.workspace !== b.id.workspace) return byRun(a.id, b.id);
    return a.id.key === b.id.key ? a.s - b.s : byKey(a.id, b.id);
  });
  return Uint32Array.from(inRunOrder, ({ s }) => s);
}
