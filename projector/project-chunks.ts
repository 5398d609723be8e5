/** Accepted batches → the block of `chunks`, one row each; what was heard → the block of `seen`, one row per run. */
import {
  integerColumn,
  lowCardinalityColumnOf,
  nativeBlock,
  numberColumn,
  timeColumn,
  uuidColumnOf,
} from '../clickhouse/native.js';
import type { Batch } from './batch.js';

export function projectChunks(partition: number, batches: readonly Batch[]): Uint8Array[] {
  return nativeBlock([
    uuidColumnOf(
      'run',
      batches.map(({ run }) => run),
    ),
    lowCardinalityColumnOf(
      'writer',
      batches.map(({ chunk }) => chunk.writer),
    ),
    integerColumn(
      'seq',
      'UInt64',
      batches.map(({ chunk }) => chunk.seq),
    ),
    numberColumn('partition', 'UInt32', new Uint32Array(batches.length).fill(partition)),
    integerColumn(
      'offset',
      'UInt64',
      batches.map(({ offset }) => offset),
    ),
    numberColumn(
      'rows',
      'UInt32',
      Uint32Array.from(batches, ({ chunk }) => chunk.rows),
    ),
  ]);
}

/** `heard` are all chunks of the slice: heartbeats and repeats are signs of life, too. */
export function projectSeen(heard: readonly Pick<Batch, 'workspace' | 'run' | 'receivedAt'>[]): Uint8Array[] {
  const latest = new Map<string, { workspace: string; run: string; at: number }>();
  for (const { workspace, run, receivedAt } of heard) {
    const known = latest.get(run);
    if (known === undefined) latest.set(run, { workspace, run, at: receivedAt });
    else known.at = Math.max(known.at, receivedAt);
  }
  const rows = [...latest.values()];
  const seenAt = timeColumn(
    'seen_at',
    rows.map(({ at }) => at),
  );
  return nativeBlock([
    lowCardinalityColumnOf(
      'workspace',
      rows.map(({ workspace }) => workspace),
    ),
    uuidColumnOf(
      'run',
      rows.map(({ run }) => run),
    ),
    { ...seenAt, type: `SimpleAggregateFunction(max, ${seenAt.type})` },
  ]);
}
