/** The points of a slice's batches, gathered by series and sorted by step: the order of the table `points`, found by counting. */
import { byKey, byRun, type Batch, type SeriesId } from './batch.js';
import type { PointBuffers } from './point-buffers.js';
import { sortSegmentBySteps } from './step-order.js';

export interface SortedPoints {
  readonly rows: number;
  /** In table order. */
  readonly series: readonly SeriesId[];
  /** Where each series ends; it starts where the one before ends. */
  readonly ends: Uint32Array;
  /** Whether any batch came with micro-steps; without, all of `micro` is 0. */
  readonly hasMicro: boolean;
  readonly columns: PointBuffers;
}

/** Steps and times are moved as 32-bit halves: no BigInt on this path, and every int64 is exact. */
export const halvesOf = (column: BigInt64Array): Int32Array =>
  new Int32Array(column.buffer, column.byteOffset, 2 * column.length);

export function sortPoints(batches: readonly Batch[], buffers: PointBuffers): SortedPoints {
  const catalogue = new SeriesCatalogue();
  const indexes = batches.map((batch) => catalogue.indexesOf(batch));
  const found = catalogue.series;

  const counts = new Uint32Array(found.length);
  batches.forEach((batch, b) => {
    countSeries(batch.chunk.seriesIndex, indexes[b] ?? NO_INDEXES, counts);
  });

  const order = catalogue.tableOrder().filter((s) => (counts[s] ?? 0) > 0);
  const next = new Uint32Array(found.length);
  const ends = new Uint32Array(order.length);
  let rows = 0;
  order.forEach((s, place) => {
    next[s] = rows;
    rows += counts[s] ?? 0;
    ends[place] = rows;
  });

  const hasMicro = batches.some((batch) => batch.chunk.micro !== undefined);
  if (hasMicro) buffers.micro.fill(0, 0, rows);
  batches.forEach((batch, b) => {
    scatter(batch, indexes[b] ?? NO_INDEXES, next, buffers);
  });
  for (let place = 0, start = 0; place < ends.length; place++) {
    const end = ends[place] ?? 0;
    sortSegmentBySteps(buffers, start, end, hasMicro);
    start = end;
  }
  return { rows, series: order.map((s) => found[s] as SeriesId), ends, hasMicro, columns: buffers };
}

const NO_INDEXES = new Uint32Array(0);

function countSeries(seriesIndex: Uint32Array, indexes: Uint32Array, counts: Uint32Array): void {
  for (let i = 0; i < seriesIndex.length; i++) {
    const s = indexes[seriesIndex[i] as number] as number;
    counts[s] = (counts[s] as number) + 1;
  }
}

function scatter(batch: Batch, indexes: Uint32Array, next: Uint32Array, to: PointBuffers): void {
  const { seriesIndex, value, micro } = batch.chunk;
  const step = halvesOf(batch.chunk.step);
  const time = halvesOf(batch.chunk.time);
  for (let i = 0; i < seriesIndex.length; i++) {
    const s = indexes[seriesIndex[i] as number] as number;
    const at = next[s] as number;
    next[s] = at + 1;
    to.step[2 * at] = step[2 * i] as number;
    to.step[2 * at + 1] = step[2 * i + 1] as number;
    to.time[2 * at] = time[2 * i] as number;
    to.time[2 * at + 1] = time[2 * i + 1] as number;
    to.value[at] = value[i] as number;
    if (micro !== undefined) to.micro[at] = micro[i] as number;
  }
}

interface Group {
  readonly workspace: string;
  readonly run: string;
  readonly generation: number;
  readonly ids: Map<string, number>;
  /** By the chunk's dictionary, which decoded chunks share while it stays the same. */
  readonly known: Map<DecodedSeries, Uint32Array>;
}

type DecodedSeries = Batch['chunk']['series'];

/** Numbers the series of a slice as they turn up. */
class SeriesCatalogue {
  readonly series: SeriesId[] = [];
  private readonly groups = new Map<string, Group>();

  /** For each entry of the batch's dictionary, the number of its series. */
  indexesOf(batch: Batch): Uint32Array {
    const { workspace, run, generation } = batch;
    const name = `${run}/${String(generation)}`;
    let group = this.groups.get(name);
    if (group === undefined) {
      group = { workspace, run, generation, ids: new Map(), known: new Map() };
      this.groups.set(name, group);
    }
    const dictionary = batch.chunk.series;
    let indexes = group.known.get(dictionary);
    if (indexes === undefined) {
      indexes = Uint32Array.from(dictionary, ({ key, context }) => this.indexOf(group, key, context));
      group.known.set(dictionary, indexes);
    }
    return indexes;
  }

  tableOrder(): number[] {
    const at = (index: number) => this.series[index] as SeriesId;
    const first = (group: Group) => at(group.ids.values().next().value ?? 0);
    return [...this.groups.values()]
      .filter((group) => group.ids.size > 0)
      .sort((a, b) => byRun(first(a), first(b)))
      .flatMap((group) => [...group.ids.values()].sort((a, b) => byKey(at(a), at(b))));
  }

  private indexOf(group: Group, key: string, context: string): number {
    // a key has no control characters, so NUL parts it from the context
    const name = context === '' ? key : `${key}\u0000${context}`;
    let index = group.ids.get(name);
    if (index === undefined) {
      index = this.series.length;
      group.ids.set(name, index);
      this.series.push({ workspace: group.workspace, run: group.run, generation: group.generation, key, context });
    }
    return index;
  }
}
