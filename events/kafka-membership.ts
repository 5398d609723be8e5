/**
 * Membership by Kafka's group protocol: join, sync and heartbeats, and nothing else. Records are read by offset (kafka-reader.ts),
 * so a slow reader neither stops the others nor misses its heartbeats, and a commit that fails ends nothing.
 */
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { checkCommit } from './append-rules.js';
import { AppendError, partitionsOf, type EventLog, type PartitionRef } from './event-log.js';
import { kafkaParts } from './event-log.kafka.js';
import { decodeClaim, encodeClaim, sharePartitions } from './kafka-assignment.js';
import { KafkaFault, kafkajs, KafkaLink } from './kafka-client.js';
import type { KafkaCommits } from './kafka-commits.js';
import type { GroupMember } from './kafka-internals.js';
import { topicName } from './kafka-topics.js';
import type { Assignment, Join, Membership, MembershipListener } from './membership.js';

const PROTOCOL = 'runlog';

export interface GroupTimes {
  /** A member that is not heard of for so long is thought dead. */
  readonly sessionMs: number;
  readonly heartbeatMs: number;
}

const usual: GroupTimes = { sessionMs: limits.kafkaSessionMsMax, heartbeatMs: limits.kafkaHeartbeatMs };

/** Joins a group of the log's prefix; resolves at once, `assigned` follows when the group has agreed. */
export function joinKafkaGroup(times: GroupTimes = usual): Join {
  return (log, group, listener) => Promise.resolve(new KafkaMembership(log, group, listener, times));
}

class KafkaMembership implements Membership {
  private readonly clock: Clock;
  private readonly commits: KafkaCommits;
  private readonly link: KafkaLink;
  private readonly groupId: string;
  private readonly topics: ReadonlyMap<string, PartitionRef['topic']>;
  private readonly leaving = new AbortController();
  private readonly living: Promise<void>;
  private memberId = '';
  private assignment: Assignment | undefined;
  /** The last one, for the claim to have the same partitions again. */
  private before: Assignment = { generation: -1, partitions: [] };
  private trouble: string | undefined = 'the group has not agreed yet';

  constructor(
    private readonly log: EventLog,
    private readonly group: string,
    private readonly listener: MembershipListener,
    private readonly times: GroupTimes,
  ) {
    const { commits, options } = kafkaParts(log);
    this.clock = options.clock;
    this.commits = commits;
    // a join is answered when all members have joined, and would hold up what else goes over its link
    this.link = new KafkaLink(options, options.clock);
    this.groupId = commits.groupId(group);
    const prefix = options.prefix ?? 'runlog';
    this.topics = new Map((['control', 'metrics'] as const).map((topic) => [topicName(prefix, topic), topic]));
    this.living = this.live();
  }

  async commit(at: PartitionRef, offset: number, metadata: string): Promise<void> {
    checkCommit(offset, metadata);
    const { assignment, memberId } = this;
    const mine = assignment?.partitions.some(
      ({ topic, partition }) => topic === at.topic && partition === at.partition,
    );
    if (assignment === undefined || mine !== true) {
      throw new AppendError(`the commit of ${this.groupId} was refused: the partition is not of this member`, false);
    }
    await this.commits.commit(this.group, at, { offset, metadata }, { generation: assignment.generation, memberId });
  }

  committed(at: PartitionRef) {
    return this.log.committed(this.group, at);
  }

  fault(): string | undefined {
    return this.trouble;
  }

  async leave(): Promise<void> {
    this.leaving.abort();
    await this.living;
  }

  /** One generation after the other until told to leave. */
  private async live(): Promise<void> {
    const { signal } = this.leaving;
    let pauseMs: number = limits.kafkaRetryMsMin;
    const left = new Promise<'left'>((resolve) =>
      signal.addEventListener('abort', () => resolve('left'), { once: true }),
    );
    await this.link.open([...this.topics.keys()]).catch(() => undefined);
    while (!signal.aborted) {
      try {
        const assignment = await Promise.race([this.join(), left]);
        if (assignment === 'left') break;
        pauseMs = limits.kafkaRetryMsMin;
        await this.hold(assignment);
      } catch (cause) {
        this.note(cause);
        if (signal.aborted) break;
        await this.clock.sleep(pauseMs, signal);
        await this.link.refresh();
        pauseMs = Math.min(2 * pauseMs, limits.kafkaRetryMsMax);
      }
    }
    await this.link.close();
    await this.commits.settled();
    if (this.memberId !== '') await this.commits.leave(this.group, this.memberId);
  }

  private async join(): Promise<Assignment> {
    const { groupId, clock } = this;
    const { MemberMetadata, MemberAssignment } = kafkajs().protocol;
    const userData = encodeClaim(this.before.generation, this.before.partitions);
    const metadata = MemberMetadata.encode({ version: 0, topics: [...this.topics.keys()], userData });
    const untilMs = clock.monotonic();
    const joined = await this.link.toCoordinator(groupId, untilMs, (broker) =>
      broker.joinGroup({
        groupId,
        sessionTimeout: this.times.sessionMs,
        rebalanceTimeout: limits.kafkaRebalanceMsMax,
        memberId: this.memberId,
        groupProtocols: [{ name: PROTOCOL, metadata }],
      }),
    );
    const { generationId: generation, memberId } = joined;
    this.memberId = memberId;
    const groupAssignment = joined.leaderId === memberId ? this.share(joined.members) : [];
    const synced = await this.link.toCoordinator(groupId, untilMs, (broker) =>
      broker.syncGroup({ groupId, generationId: generation, memberId, groupAssignment }),
    );
    const assigned = Object.entries(MemberAssignment.decode(synced.memberAssignment)?.assignment ?? {});
    const partitions = assigned.flatMap(([name, numbers]) => {
      const topic = this.topics.get(name);
      return topic === undefined ? [] : numbers.map((partition): PartitionRef => ({ topic, partition }));
    });
    return { generation, partitions };
  }

  private share(members: readonly GroupMember[]) {
    const { MemberMetadata, MemberAssignment } = kafkajs().protocol;
    const claims = members.map(({ memberId, memberMetadata }) =>
      decodeClaim(memberId, MemberMetadata.decode(memberMetadata)?.userData ?? null),
    );
    return [...sharePartitions(claims, partitionsOf(this.log))].map(([memberId, share]) => {
      const assignment: Record<string, number[]> = {};
      for (const [name, topic] of this.topics) {
        const numbers = share.filter((at) => at.topic === topic).map(({ partition }) => partition);
        if (numbers.length > 0) assignment[name] = numbers;
      }
      const userData = Buffer.alloc(0);
      return { memberId, memberAssignment: MemberAssignment.encode({ version: 0, assignment, userData }) };
    });
  }

  /** Has the partitions from the agreement of the group to its next, or until they are lost. */
  private async hold(assignment: Assignment): Promise<void> {
    this.assignment = assignment;
    this.before = assignment;
    this.trouble = undefined;
    this.listener.assigned(assignment);
    const over = new AbortController();
    const { signal } = this.leaving;
    let lost = false;
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
      // beats go on while the work ends: it may take longer than a session
      void this.beat(assignment, over.signal, (isLost) => {
        lost ||= isLost;
        if (isLost) this.assignment = undefined;
        resolve();
      });
    });
    await this.listener.revoked(assignment, lost);
    this.assignment = undefined;
    over.abort();
  }

  /** Heartbeats until the signal aborts; calls back when the group is to agree anew, or the partitions are lost. */
  private async beat(assignment: Assignment, signal: AbortSignal, onEnd: (lost: boolean) => void): Promise<void> {
    const { groupId, memberId, clock } = this;
    const { generation } = assignment;
    let heardMs = clock.monotonic();
    while (!signal.aborted) {
      await clock.sleep(this.times.heartbeatMs, signal);
      if (signal.aborted) return;
      const sentMs = clock.monotonic();
      try {
        const beat = this.link.toCoordinator(groupId, sentMs, (broker) =>
          broker.heartbeat({ groupId, groupGenerationId: generation, memberId }),
        );
        const patience = new AbortController();
        const late = clock
          .sleep(Math.max(0, heardMs + this.times.sessionMs - sentMs), patience.signal)
          .then(() => 'late');
        const first = await Promise.race([beat, late]);
        patience.abort();
        beat.catch(() => undefined);
        if (first === 'late') return onEnd(true);
        heardMs = sentMs;
        this.trouble = undefined;
      } catch (cause) {
        const type = cause instanceof KafkaFault ? cause.type : '';
        if (type === 'REBALANCE_IN_PROGRESS') {
          heardMs = sentMs;
          onEnd(false);
          continue;
        }
        this.note(cause);
        if (type === 'ILLEGAL_GENERATION' || type === 'UNKNOWN_MEMBER_ID') return onEnd(true);
        // nothing is lost before the others may think so
        if (clock.monotonic() - heardMs >= this.times.sessionMs) return onEnd(true);
        await this.link.refresh();
      }
    }
  }

  private note(cause: unknown): void {
    const type = cause instanceof KafkaFault ? cause.type : '';
    if (type === 'UNKNOWN_MEMBER_ID') this.memberId = '';
    this.trouble = cause instanceof Error ? cause.message : String(cause);
  }
}
