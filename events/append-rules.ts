/** What every adapter of the log refuses: sizes over the bounds, unknown partitions, unreadable commits. One place, so that the twins agree. */
import { limits } from '../runtime/limits.js';
import { AppendError, type PartitionRef } from './event-log.js';

/** Bytes of value in a batch; throws AppendError (not retriable) when a bound is broken. */
export function checkedBatchBytes(values: readonly Uint8Array[]): number {
  if (values.length === 0) throw new AppendError('an append holds at least one record', false);
  let bytes = 0;
  for (const value of values) {
    if (value.length > limits.logRecordBytesMax) {
      throw new AppendError(`a record holds at most ${String(limits.logRecordBytesMax)} bytes`, false);
    }
    bytes += value.length;
  }
  if (bytes > limits.logAppendBytesMax || values.length > limits.logAppendRecordsMax) {
    throw new AppendError(
      `an append holds at most ${String(limits.logAppendBytesMax)} bytes in ${String(limits.logAppendRecordsMax)} records`,
      false,
    );
  }
  return bytes;
}

/** Index of a partition among all (control first); throws RangeError when there is no such partition. */
export function partitionIndex(at: PartitionRef, metricsPartitions: number): number {
  const count = at.topic === 'control' ? 1 : metricsPartitions;
  if (!Number.isInteger(at.partition) || at.partition < 0 || at.partition >= count) {
    throw new RangeError(`topic ${at.topic} has no partition ${String(at.partition)}`);
  }
  return at.topic === 'control' ? 0 : 1 + at.partition;
}

/** All partitions in the order of their index. */
export function allPartitions(metricsPartitions: number): readonly PartitionRef[] {
  if (!Number.isInteger(metricsPartitions) || metricsPartitions < 1 || metricsPartitions > limits.logPartitionsMax) {
    throw new RangeError(`a log has 1 to ${String(limits.logPartitionsMax)} metrics partitions`);
  }
  const metrics = Array.from(
    { length: metricsPartitions },
    (_, partition) => ({ topic: 'metrics', partition }) as const,
  );
  return [{ topic: 'control', partition: 0 }, ...metrics];
}

/** Name of a commit, safe as a file name; throws RangeError on what can not be recorded. */
export function commitName(group: string, at: PartitionRef): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(group)) throw new RangeError('a group is named [A-Za-z0-9_-]{1,64}');
  return `${group}.${at.topic}.${String(at.partition)}`;
}

export function checkCommit(offset: number, metadata: string): void {
  if (!Number.isSafeInteger(offset) || offset < 0) throw new RangeError('a commit names an offset');
  if (Buffer.byteLength(metadata, 'utf8') > limits.commitMetadataBytesMax) {
    throw new RangeError(`metadata of a commit holds at most ${String(limits.commitMetadataBytesMax)} bytes`);
  }
}
