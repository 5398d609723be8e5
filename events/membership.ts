/**
 * The port of work that is shared: who of several processes has which partitions of the log.
 *
 * Each partition belongs to at most one member that can commit: a member that was thought dead and comes back is refused. Between
 * `revoked` of one member and `assigned` of the next nobody has the partition. Generations rise.
 */
import { partitionsOf, type Committed, type EventLog, type PartitionRef } from './event-log.js';

export interface Assignment {
  readonly generation: number;
  /** May be empty: there can be more members than partitions. */
  readonly partitions: readonly PartitionRef[];
}

export interface MembershipListener {
  /** The partitions are this member's until `revoked`. Must not throw. */
  assigned(assignment: Assignment): void;
  /**
   * Work on the partitions has to end; the next owner waits for the promise, for at most `kafkaRebalanceMsMax`. While it is
   * pending commits still count, but when the partitions are `lost`: another may have them already, and commits are refused.
   * Must not reject.
   */
  revoked(assignment: Assignment, lost: boolean): Promise<void>;
}

export interface Membership {
  /** As `EventLog.commit` for the group; an AppendError that is not retriable when the partition is not this member's any more. */
  commit(at: PartitionRef, offset: number, metadata: string): Promise<void>;
  committed(at: PartitionRef): Promise<Committed | undefined>;
  /** What keeps this member out of the group; undefined while it is in. */
  fault(): string | undefined;
  /** Revokes what is assigned, lets commits land, and hands over at once. */
  leave(): Promise<void>;
}

export type Join = (log: EventLog, group: string, listener: MembershipListener) => Promise<Membership>;

/** The membership of a log that one process has for itself: everything is assigned at once and stays. */
export const joinAlone = (
  log: Pick<EventLog, 'partitions' | 'commit' | 'committed'>,
  group: string,
  listener: MembershipListener,
): Promise<Membership> => {
  const assignment: Assignment = { generation: 0, partitions: partitionsOf(log) };
  let left: Promise<void> | undefined;
  listener.assigned(assignment);
  return Promise.resolve({
    commit: (at, offset, metadata) => log.commit(group, at, offset, metadata),
    committed: (at) => log.committed(group, at),
    fault: () => undefined,
    leave: () => (left ??= listener.revoked(assignment, false)),
  });
};
