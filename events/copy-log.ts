/** Copies a log into a folder of segment files: the same epoch and offsets, up to a position and not one record further. */
import path from 'node:path';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { allPartitions } from './append-rules.js';
import type { EventLog, EventLogReader, PartitionRef } from './event-log.js';
import { openFileLog } from './event-log.file.js';
import { openFolder } from './file-log-folder.js';
import { partitionDir } from './file-log-partition.js';
import { createSegment, newSegment } from './file-log-segment.js';
import { realFileOps as ops } from './file-ops.js';
import type { Position } from './position.js';

export interface CopyOptions {
  readonly clock: Clock;
  /** Stops between two batches: the copy is then worth nothing. */
  readonly signal: AbortSignal;
  /** Bytes of value that were copied since the last call. */
  readonly onBytes: (bytes: number) => void;
}

/** `dir` must not hold a log. Rejects when records are trimmed away under it. What groups committed is not copied. */
export async function copyLog(
  log: EventLogReader,
  dir: string,
  upTo: Position,
  { clock, signal, onBytes }: CopyOptions,
): Promise<void> {
  const metricsPartitions = log.partitions('metrics');
  await ops.makeDir(dir);
  await openFolder(ops, dir, metricsPartitions, log.epoch);
  const starts = new Map<PartitionRef, number>();
  for (const at of allPartitions(metricsPartitions)) {
    const start = log.start(at);
    starts.set(at, start);
    if (start > 0) await beginAt(partitionDir(dir, at), start);
  }
  const copy = await openFileLog(dir, { metricsPartitions, clock });
  try {
    for (const [at, start] of starts) {
      const last = at.topic === 'control' ? upTo.control : (upTo.metrics[at.partition] ?? -1);
      await copyPartition({ log, copy, at, from: start, last, signal, onBytes });
    }
  } finally {
    await copy.close();
  }
}

interface PartitionCopy extends Pick<CopyOptions, 'signal' | 'onBytes'> {
  readonly log: EventLogReader;
  readonly copy: EventLog;
  readonly at: PartitionRef;
  readonly from: number;
  readonly last: number;
}

async function copyPartition({ log, copy, at, from, last, signal, onBytes }: PartitionCopy): Promise<void> {
  for (let next = from; next <= last;) {
    signal.throwIfAborted();
    const records = await log.read(at, next, limits.logBatchBytes);
    const values = records.filter(({ offset }) => offset <= last).map(({ value }) => value);
    const first = await copy.append(at, values);
    if (first !== next) throw new Error(`the copy has offset ${String(first)} where the log has ${String(next)}`);
    next += values.length;
    onBytes(values.reduce((sum, value) => sum + value.length, 0));
  }
}

/** The first segment of a partition whose beginning was trimmed away. */
async function beginAt(folder: string, start: number): Promise<void> {
  await ops.makeDir(folder);
  await (await createSegment(ops, newSegment(folder, { first: start, valueBytesBefore: 0 }))).close();
  await ops.syncDir(path.dirname(folder));
}
