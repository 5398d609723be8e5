/** The event log in memory: the twin that unit tests run on; durable for as long as the object lives. */
import { allPartitions, checkCommit, checkedBatchBytes, commitName, partitionIndex } from './append-rules.js';
import { AppendError, type Committed, type EventLog, type LogRecord, type PartitionRef } from './event-log.js';
import { createHeadWaiters, type HeadWaiters } from './head-waiters.js';

interface Partition {
  readonly values: Uint8Array[];
  /** Bytes of all values ever appended, up to and including the one at the same index. */
  readonly bytesUpTo: number[];
  start: number;
  readonly waiters: HeadWaiters;
}

export function createMemoryLog(options: { readonly epoch: string; readonly metricsPartitions: number }): EventLog {
  const { epoch, metricsPartitions } = options;
  const partitions = allPartitions(metricsPartitions).map((): Partition => ({
    values: [],
    bytesUpTo: [],
    start: 0,
    waiters: createHeadWaiters(),
  }));
  const commits = new Map<string, Committed>();
  let closed = false;

  const partition = (at: PartitionRef): Partition => {
    const found = partitions[partitionIndex(at, metricsPartitions)];
    if (found === undefined) throw new RangeError('no such partition');
    return found;
  };
  const head = (p: Partition) => p.start + p.values.length;

  return {
    epoch,
    partitions: (topic) => (topic === 'control' ? 1 : metricsPartitions),
    head: (at) => head(partition(at)),
    freshHead: (at) => Promise.resolve(head(partition(at))),
    start: (at) => partition(at).start,
    bytesFrom(at, offset) {
      const p = partition(at);
      const through = (index: number) =>
        index < 0 ? (p.bytesUpTo[0] ?? 0) - (p.values[0]?.length ?? 0) : p.bytesUpTo[index];
      const last = p.values.length - 1;
      const before = Math.max(0, offset - p.start) - 1;
      return before >= last ? 0 : (through(last) ?? 0) - (through(before) ?? 0);
    },
    waitPast(at, offset, signal) {
      const p = partition(at);
      return p.waiters.waitPast(head(p), offset, signal);
    },
    async read(at, offset, bytesMax) {
      await Promise.resolve();
      if (closed) throw new Error('the log is closed');
      const p = partition(at);
      if (offset < p.start) throw new RangeError(`offset ${String(offset)} is below the start ${String(p.start)}`);
      const records: LogRecord[] = [];
      let bytes = 0;
      for (let next = offset; next < head(p); next++) {
        const value = p.values[next - p.start];
        if (value === undefined) break;
        bytes += value.length;
        if (records.length > 0 && bytes > bytesMax) break;
        records.push({ offset: next, value });
      }
      return records;
    },
    async append(at, values) {
      const p = partition(at);
      checkedBatchBytes(values);
      if (closed) throw new AppendError('the log is closed', false);
      const first = head(p);
      let total = p.bytesUpTo.at(-1) ?? 0;
      for (const value of values) {
        p.values.push(new Uint8Array(value));
        p.bytesUpTo.push((total += value.length));
      }
      await Promise.resolve();
      p.waiters.moved(head(p));
      return first;
    },
    async commit(group, at, offset, metadata) {
      partition(at);
      checkCommit(offset, metadata);
      await Promise.resolve();
      commits.set(commitName(group, at), { offset, metadata });
    },
    async committed(group, at) {
      partition(at);
      await Promise.resolve();
      return commits.get(commitName(group, at));
    },
    async trim(at, offset) {
      await Promise.resolve();
      const p = partition(at);
      const drop = Math.min(offset, head(p)) - p.start;
      if (drop <= 0) return;
      p.values.splice(0, drop);
      p.bytesUpTo.splice(0, drop);
      p.start += drop;
    },
    async close() {
      closed = true;
      await Promise.resolve();
      for (const p of partitions) p.waiters.close();
    },
  };
}
