/** A second opener of a log folder that only reads, in another thread of the writer's process: it sees what it is told is durable. */
import { allPartitions, partitionIndex } from './append-rules.js';
import type { EventLogReader, PartitionRef } from './event-log.js';
import { belowStart, readChecked } from './event-log.file.js';
import { readFolder } from './file-log-folder.js';
import { partitionDir, PartitionFiles } from './file-log-partition.js';
import { isErrno, realFileOps } from './file-ops.js';
import { createHeadWaiters, type HeadWaiters } from './head-waiters.js';

export interface FileLogReader extends EventLogReader {
  /** Moves a partition on to what the writer's `onDurable` said; until the first call a partition is empty. */
  advance(at: PartitionRef, head: number, start: number): void;
  close(): Promise<void>;
}

interface Partition {
  readonly files: PartitionFiles;
  readonly waiters: HeadWaiters;
  head: number;
  start: number;
}

export async function openFileLogReader(dir: string): Promise<FileLogReader> {
  const ops = realFileOps;
  const folder = await readFolder(ops, dir);
  if (folder === undefined) throw new Error(`there is no log in ${dir}`);
  const { epoch, metricsPartitions } = folder;
  const partitions: Partition[] = [];
  for (const at of allPartitions(metricsPartitions)) {
    const files = new PartitionFiles(ops, partitionDir(dir, at));
    await files.refresh();
    partitions.push({ files, waiters: createHeadWaiters(), head: files.first, start: files.first });
  }
  let closed = false;

  const partition = (at: PartitionRef): Partition => {
    const found = partitions[partitionIndex(at, metricsPartitions)];
    if (found === undefined) throw new RangeError('no such partition');
    return found;
  };

  return {
    epoch,
    partitions: (topic) => (topic === 'control' ? 1 : metricsPartitions),
    head: (at) => partition(at).head,
    start: (at) => partition(at).start,
    bytesFrom(at, offset) {
      const { files, head } = partition(at);
      return Math.max(0, files.valueBytesBefore(head, undefined) - files.valueBytesBefore(offset, undefined));
    },
    waitPast(at, offset, signal) {
      const { waiters, head } = partition(at);
      return waiters.waitPast(head, offset, signal);
    },
    async read(at, offset, bytesMax) {
      const { files, head, start } = partition(at);
      if (closed) throw new Error('the log is closed');
      if (offset < start) throw belowStart(offset, start);
      try {
        return await readChecked(files, offset, head, bytesMax);
      } catch (error) {
        // the writer has trimmed it away, and its word is still under way
        if (isErrno(error, 'ENOENT')) throw belowStart(offset, start);
        throw error;
      }
    },
    advance(at, head, start) {
      const found = partition(at);
      found.head = Math.max(found.head, head);
      found.start = Math.max(found.start, start);
      found.files.forgetBelow(found.start);
      found.waiters.moved(found.head);
    },
    async close() {
      closed = true;
      for (const { files, waiters } of partitions) {
        waiters.close();
        files.close();
      }
      await Promise.resolve();
    },
  };
}
