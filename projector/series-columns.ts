/** The columns that say which series a row belongs to, filled stretch by stretch from dictionaries of the slice. */
import {
  dictionaryIndexes,
  lowCardinalityColumn,
  numberColumn,
  uuidColumn,
  writeUuid,
  type DictionaryIndexes,
  type NativeColumn,
} from '../clickhouse/native.js';
import type { SeriesId } from './batch.js';
import type { PointBuffers } from './point-buffers.js';

/** Stretches of rows of one series, in the order of the rows. */
export type Stretches = Iterable<{ readonly series: number; readonly end: number }>;

interface Dictionary {
  readonly entries: readonly string[];
  /** Index of the entry per series. */
  readonly indexes: Uint32Array;
}

export interface SeriesColumns {
  readonly workspace: NativeColumn;
  readonly run: NativeColumn;
  readonly generation: NativeColumn;
  readonly key: NativeColumn;
  readonly context: NativeColumn;
}

export class SeriesDictionaries {
  private readonly workspaces: Dictionary;
  private readonly keys: Dictionary;
  private readonly contexts: Dictionary;
  /** 16 bytes per series. */
  private readonly runs: Uint32Array;
  private readonly generations: Uint32Array;

  constructor(series: readonly SeriesId[]) {
    this.workspaces = dictionaryOf(series.map(({ workspace }) => workspace));
    this.keys = dictionaryOf(series.map(({ key }) => key));
    this.contexts = dictionaryOf(series.map(({ context }) => context));
    this.runs = new Uint32Array(4 * series.length);
    this.generations = Uint32Array.from(series, ({ generation }) => generation);
    const bytes = new Uint8Array(this.runs.buffer);
    let known: SeriesId | undefined;
    series.forEach((id, s) => {
      if (known?.run === id.run) bytes.copyWithin(16 * s, 16 * (s - 1), 16 * s);
      else writeUuid(bytes, 16 * s, id.run);
      known = id;
    });
  }

  /** Columns of `rows` rows; given buffers are written to, else new ones are made. */
  columns(rows: number, stretches: Stretches, buffers?: PointBuffers): SeriesColumns {
    const workspace = indexesFor(this.workspaces, rows, buffers?.workspace);
    const key = indexesFor(this.keys, rows, buffers?.key);
    const context = indexesFor(this.contexts, rows, buffers?.context);
    const generation = buffers?.generation.subarray(0, rows) ?? new Uint32Array(rows);
    const run = buffers?.run.subarray(0, 4 * rows) ?? new Uint32Array(4 * rows);
    let start = 0;
    for (const { series, end } of stretches) {
      workspace.fill(this.workspaces.indexes[series] as number, start, end);
      key.fill(this.keys.indexes[series] as number, start, end);
      context.fill(this.contexts.indexes[series] as number, start, end);
      generation.fill(this.generations[series] as number, start, end);
      fillUuid(run, start, end, this.runs, series);
      start = end;
    }
    return {
      workspace: lowCardinalityColumn('workspace', this.workspaces.entries, workspace),
      run: uuidColumn('run', new Uint8Array(run.buffer, run.byteOffset, run.byteLength)),
      generation: numberColumn('generation', 'UInt32', generation),
      key: lowCardinalityColumn('key', this.keys.entries, key),
      context: lowCardinalityColumn('context', this.contexts.entries, context),
    };
  }
}

function dictionaryOf(values: readonly string[]): Dictionary {
  const positions = new Map<string, number>();
  const indexes = Uint32Array.from(values, (value) => {
    let at = positions.get(value);
    if (at === undefined) positions.set(value, (at = positions.size));
    return at;
  });
  return { entries: [...positions.keys()], indexes };
}

function indexesFor(dictionary: Dictionary, rows: number, room: ArrayBuffer | undefined): DictionaryIndexes {
  const size = dictionary.entries.length;
  return room === undefined ? dictionaryIndexes(size, rows) : dictionaryIndexes(size, rows, room);
}

function fillUuid(to: Uint32Array, start: number, end: number, from: Uint32Array, series: number): void {
  const a = from[4 * series] as number;
  const b = from[4 * series + 1] as number;
  const c = from[4 * series + 2] as number;
  const d = from[4 * series + 3] as number;
  for (let at = 4 * start; at < 4 * end; at += 4) {
    to[at] = a;
    to[at + 1] = b;
    to[at + 2] = c;
    to[at + 3] = d;
  }
}
