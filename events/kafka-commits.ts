/** Positions that groups have committed, kept by the brokers: of a group without members, or, fenced, by a member of it. */
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { AppendError, type Committed, type PartitionRef } from './event-log.js';
import { KafkaFault, type KafkaLink } from './kafka-client.js';
import { topicName } from './kafka-topics.js';

/** Who commits: a member in a generation of its group. A group without members has neither. */
export interface CommitAs {
  readonly generation: number;
  readonly memberId: string;
}

const nobody: CommitAs = { generation: -1, memberId: '' };

/** Errors that say that the partition is, or may be, someone else's by now. */
const fencing = new Set(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID', 'REBALANCE_IN_PROGRESS']);

export class KafkaCommits {
  private readonly last = new Map<string, Promise<void>>();

  constructor(
    private readonly link: KafkaLink,
    private readonly prefix: string,
    private readonly clock: Clock,
  ) {}

  /** The name of a group on the brokers. */
  groupId(group: string): string {
    return `${this.prefix}.${group}`;
  }

  /** One after another for each group and partition, so that the last call is what stays. */
  commit(group: string, at: PartitionRef, committed: Committed, as: CommitAs = nobody): Promise<void> {
    const name = `${group}.${at.topic}.${String(at.partition)}`;
    const before = this.last.get(name) ?? Promise.resolve();
    const done = before.catch(() => undefined).then(() => this.put(group, at, committed, as));
    this.last.set(name, done);
    return done;
  }

  async committed(group: string, at: PartitionRef): Promise<Committed | undefined> {
    await this.settled();
    const untilMs = this.clock.monotonic() + limits.kafkaReadMsMax;
    const groupId = this.groupId(group);
    const topics = [{ topic: topicName(this.prefix, at.topic), partitions: [{ partition: at.partition }] }];
    const { responses } = await this.link.toCoordinator(groupId, untilMs, (broker) =>
      broker.offsetFetch({ groupId, topics }),
    );
    const found = responses[0]?.partitions[0];
    const offset = Number(found?.offset ?? -1);
    // other clients leave negative marks in the place of an offset
    return found === undefined || offset < 0 ? undefined : { offset, metadata: found.metadata ?? '' };
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.last.values());
  }

  /** Takes a member out of its group; when no broker hears of it, the group finds out when the session ends. */
  async leave(group: string, memberId: string): Promise<void> {
    const groupId = this.groupId(group);
    const untilMs = this.clock.monotonic();
    await this.link
      .toCoordinator(groupId, untilMs, (broker) => broker.leaveGroup({ groupId, memberId }))
      .catch(() => undefined);
  }

  private async put(group: string, at: PartitionRef, { offset, metadata }: Committed, as: CommitAs): Promise<void> {
    const untilMs = this.clock.monotonic() + limits.kafkaAppendMsMax;
    const groupId = this.groupId(group);
    const partitions = [{ partition: at.partition, offset: String(offset), metadata }];
    const topics = [{ topic: topicName(this.prefix, at.topic), partitions }];
    const { generation, memberId } = as;
    try {
      await this.link.toCoordinator(groupId, untilMs, (broker) =>
        broker.offsetCommit({ groupId, groupGenerationId: generation, memberId, topics }),
      );
    } catch (cause) {
      const fault = cause instanceof KafkaFault ? cause : undefined;
      if (fault !== undefined && fencing.has(fault.type)) {
        const who =
          memberId === ''
            ? 'the group has members, who commit themselves'
            : 'the partition is not of this member any more';
        throw new AppendError(`the commit of ${groupId} was refused: ${who}`, false, { cause });
      }
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new AppendError(`the commit of ${groupId} did not get through: ${reason}`, fault !== undefined, { cause });
    }
  }
}
