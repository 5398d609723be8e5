/** The event log as segment files in a folder: the embedded adapter and the one writer of that folder. */
import path from 'node:path';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { allPartitions, checkCommit, checkedBatchBytes, commitName, partitionIndex } from './append-rules.js';
import { AppendError, type EventLog, type PartitionRef } from './event-log.js';
import { openCommits } from './file-log-commits.js';
import { openFolder } from './file-log-folder.js';
import { lockFolder } from './file-log-lock.js';
import { partitionDir, type PartitionFiles } from './file-log-partition.js';
import { recoverPartition, type Cut } from './file-log-recovery.js';
import { PartitionWriter } from './file-log-writer.js';
import { realFileOps, type FileOps } from './file-ops.js';
import { createHeadWaiters, type HeadWaiters } from './head-waiters.js';

export interface FileLogOptions {
  readonly metricsPartitions: number;
  readonly clock: Clock;
  /** Told after every flush and trim what may be read now; a reader in another thread is moved on with it. */
  readonly onDurable?: (at: PartitionRef, head: number, start: number) => void;
  /** Told when opening took torn or damaged bytes off the end of a partition. */
  readonly onCut?: (at: PartitionRef, cut: Cut) => void;
  /** When a new segment is begun; tests make it small. */
  readonly segmentBytes?: number;
  /** The disk; tests put their own in between. */
  readonly ops?: FileOps;
}

interface Partition {
  readonly at: PartitionRef;
  readonly dir: string;
  readonly files: PartitionFiles;
  readonly writer: PartitionWriter;
  readonly waiters: HeadWaiters;
}

/** Opens or makes the log in `dir`. Throws one sentence when another process has it, or when it can not be used. */
export async function openFileLog(dir: string, options: FileLogOptions): Promise<EventLog> {
  const { metricsPartitions, clock, ops = realFileOps } = options;
  const refs = allPartitions(metricsPartitions);
  await ops.makeDir(dir);
  await ops.syncDir(path.dirname(dir));
  const lock = await lockFolder(ops, dir, clock.uuid());
  try {
    const { epoch } = await openFolder(ops, dir, metricsPartitions, clock.uuid().replaceAll('-', ''));
    const commits = await openCommits(ops, path.join(dir, 'commits'));
    const partitions: Partition[] = [];
    for (const at of refs) partitions.push(await openPartition(ops, dir, at, options));
    await ops.syncDir(dir);
    let queuedBytes = 0;
    let closing: Promise<void> | undefined;

    const partition = (at: PartitionRef): Partition => {
      const found = partitions[partitionIndex(at, metricsPartitions)];
      if (found === undefined) throw new RangeError('no such partition');
      return found;
    };
    const close = async (): Promise<void> => {
      for (const { waiters } of partitions) waiters.close();
      await Promise.all(partitions.map(({ writer }) => writer.close()));
      await commits.settled();
      for (const { files } of partitions) files.close();
      await lock.release();
    };

    return {
      epoch,
      partitions: (topic) => (topic === 'control' ? 1 : metricsPartitions),
      head: (at) => partition(at).writer.tail.offset,
      freshHead: (at) => Promise.resolve(partition(at).writer.tail.offset),
      start: (at) => partition(at).files.first,
      bytesFrom(at, offset) {
        const { files, writer } = partition(at);
        return Math.max(0, writer.tail.valueBytesBefore - files.valueBytesBefore(offset, writer.tail));
      },
      waitPast(at, offset, signal) {
        const { waiters, writer } = partition(at);
        return waiters.waitPast(writer.tail.offset, offset, signal);
      },
      async read(at, offset, bytesMax) {
        const { files, writer } = partition(at);
        if (closing !== undefined) throw new Error('the log is closed');
        return readChecked(files, offset, writer.tail.offset, bytesMax);
      },
      async append(at, values) {
        const { writer } = partition(at);
        const bytes = checkedBatchBytes(values);
        if (closing !== undefined) throw new AppendError('the log is closed', false);
        if (queuedBytes + bytes > limits.logQueueBytesMax) throw new AppendError('the disk is behind', true);
        queuedBytes += bytes;
        try {
          return await writer.append(values, bytes);
        } finally {
          queuedBytes -= bytes;
        }
      },
      async commit(group, at, offset, metadata) {
        partition(at);
        checkCommit(offset, metadata);
        if (closing !== undefined) throw new AppendError('the log is closed', false);
        await commits.put(commitName(group, at), { offset, metadata });
      },
      async committed(group, at) {
        partition(at);
        await commits.settled();
        return commits.get(commitName(group, at));
      },
      async trim(at, offset) {
        const { files, writer, dir: folder } = partition(at);
        const forgotten = files.forgetBelow(Math.min(offset, writer.tail.offset));
        if (forgotten.length === 0) return;
        options.onDurable?.(at, writer.tail.offset, files.first);
        for (const file of forgotten) await ops.remove(file);
        await ops.syncDir(folder);
      },
      close: () => (closing ??= close()),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function openPartition(ops: FileOps, dir: string, at: PartitionRef, options: FileLogOptions): Promise<Partition> {
  const folder = partitionDir(dir, at);
  await ops.makeDir(folder);
  const { files, active, cut } = await recoverPartition(ops, folder);
  if (cut !== undefined) options.onCut?.(at, cut);
  const waiters = createHeadWaiters();
  const writer = new PartitionWriter({
    ops,
    dir: folder,
    files,
    recovered: active,
    segmentBytes: options.segmentBytes ?? limits.logSegmentBytes,
    onDurable: (head) => {
      options.onDurable?.(at, head, files.first);
      waiters.moved(head);
    },
  });
  return { at, dir: folder, files, writer, waiters };
}

export const belowStart = (offset: number, start: number): RangeError =>
  new RangeError(`offset ${String(offset)} is below the start ${String(start)}`);

/** A read of what is kept; a segment that is trimmed away under it counts as below the start. */
export async function readChecked(
  files: PartitionFiles,
  offset: number,
  head: number,
  bytesMax: number,
): ReturnType<PartitionFiles['read']> {
  if (!Number.isSafeInteger(offset) || offset < files.first) throw belowStart(offset, files.first);
  if (offset >= head) return [];
  try {
    return await files.read(offset, head, Math.min(bytesMax, limits.logReadBytesMax));
  } catch (error) {
    if (offset < files.first) throw belowStart(offset, files.first);
    throw error;
  }
}
