/** Members of a group on a real broker: how they share, what happens to one that falls silent, and to all when the broker does. */
import { afterEach, beforeAll, expect, it } from 'vitest';
import { systemClock, type Clock } from '../runtime/clock.js';
import { describeWithKafka, freshPrefix, sharedKafka } from '../test/kafka.js';
import type { TestBroker } from '../test/services/kafka.js';
import type { PartitionRef } from './event-log.js';
import { openKafkaLog, type KafkaLog } from './event-log.kafka.js';
import { joinKafkaGroup, type GroupTimes } from './kafka-membership.js';
import type { Assignment, Membership, MembershipListener } from './membership.js';

const quick: GroupTimes = { sessionMs: 1_500, heartbeatMs: 150 };
const nameOf = ({ topic, partition }: PartitionRef): string => `${topic}/${String(partition)}`;
const everything = ['control/0', 'metrics/0', 'metrics/1', 'metrics/2'];

type Happening =
  | { readonly assigned: Assignment; readonly who: string }
  | { readonly revoked: Assignment; readonly who: string; readonly lost: boolean };

/** What happened to all members, in the order that it happened in. */
class Diary {
  readonly entries: Happening[] = [];
  private readonly wakes = new Set<() => void>();

  listener(who: string, onRevoked: () => Promise<void> = () => Promise.resolve()): MembershipListener {
    return {
      assigned: (assigned) => this.write({ assigned, who }),
      revoked: async (revoked, lost) => {
        await onRevoked();
        this.write({ revoked, who, lost });
      },
    };
  }

  /** The names that `who` has now, or undefined between two generations. */
  holds(who: string): string[] | undefined {
    const last = this.entries.findLast((entry) => entry.who === who);
    return last !== undefined && 'assigned' in last ? last.assigned.partitions.map(nameOf).sort() : undefined;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.wakes.add(resolve));
  }

  private write(entry: Happening): void {
    this.entries.push(entry);
    for (const wake of this.wakes) wake();
    this.wakes.clear();
  }
}

describeWithKafka('membership of a group on Kafka', () => {
  let broker: TestBroker;
  const logs: KafkaLog[] = [];
  const members: Membership[] = [];
  beforeAll(async () => {
    broker = await sharedKafka();
  });
  afterEach(async () => {
    await Promise.all(members.splice(0).map((member) => member.leave()));
    await Promise.all(logs.splice(0).map((log) => log.close()));
  });

  async function open(prefix: string, clock: Clock = systemClock): Promise<KafkaLog> {
    const opened = await openKafkaLog({ brokers: [broker.address], prefix, metricsPartitions: 3, clock });
    if (!opened.ok) throw new Error(opened.error);
    logs.push(opened.value);
    return opened.value;
  }

  async function join(log: KafkaLog, listener: MembershipListener, times?: GroupTimes): Promise<Membership> {
    const member = await joinKafkaGroup(times)(log, 'projector', listener);
    members.push(member);
    return member;
  }

  it('shares the partitions, takes them from one before the other has them, and gives them back', async () => {
    const prefix = freshPrefix();
    const diary = new Diary();
    const one = await open(prefix);
    let drained: () => void = () => undefined;
    const draining = new Promise<void>((resolve) => (drained = resolve));
    const first = await join(
      one,
      diary.listener('one', () => draining),
      quick,
    );
    await diary.until(() => diary.holds('one')?.length === 4);
    expect(diary.holds('one')).toEqual(everything);
    const second = await join(await open(prefix), diary.listener('two'), quick);
    // what is under way when the partitions are revoked still counts
    await first.commit({ topic: 'control', partition: 0 }, 1, 'drained');
    drained();
    await diary.until(() => diary.holds('two') !== undefined && diary.holds('one') !== undefined);
    const [ofOne = [], ofTwo = []] = [diary.holds('one'), diary.holds('two')];
    expect([...ofOne, ...ofTwo].sort()).toEqual(everything);
    expect([ofOne.length, ofTwo.length]).toEqual([2, 2]);
    const order = diary.entries.map((entry) => ('assigned' in entry ? `${entry.who} has` : `${entry.who} gives`));
    expect(order.indexOf('one gives')).toBeLessThan(order.indexOf('two has'));
    const at = (name: string): PartitionRef => ({
      topic: name.startsWith('control') ? 'control' : 'metrics',
      partition: Number(name.split('/')[1]),
    });
    await second.commit(at(ofTwo[0] ?? ''), 7, 'by two');
    expect(await first.committed(at(ofTwo[0] ?? ''))).toEqual({ offset: 7, metadata: 'by two' });
    await expect(first.commit(at(ofTwo[0] ?? ''), 9, 'by one')).rejects.toMatchObject({ retriable: false });
    // nor may one who is no member, while there are members
    await expect(one.commit('projector', at(ofTwo[0] ?? ''), 9, 'by nobody')).rejects.toMatchObject({
      retriable: false,
    });
    await second.leave();
    await diary.until(() => diary.holds('one')?.length === 4);
    const generations = diary.entries.flatMap((entry) =>
      'assigned' in entry && entry.who === 'one' ? entry.assigned.generation : [],
    );
    expect(generations).toEqual([...new Set(generations)].sort((a, b) => a - b));
  });

  it('refuses the commits of a member that fell silent, which then joins again and goes on', async () => {
    const prefix = freshPrefix();
    const diary = new Diary();
    let silent = true;
    let speak: () => void = () => undefined;
    const spoken = new Promise<void>((resolve) => (speak = resolve));
    // a clock that holds heartbeats back, as a process that is stopped would
    const stuck: Clock = {
      ...systemClock,
      sleep: (ms, signal) => (silent && ms === quick.heartbeatMs ? spoken : systemClock.sleep(ms, signal)),
    };
    const first = await join(await open(prefix, stuck), diary.listener('one'), quick);
    await diary.until(() => diary.holds('one')?.length === 4);
    const second = await join(await open(prefix), diary.listener('two'), quick);
    await diary.until(() => diary.holds('two')?.length === 4);
    const control: PartitionRef = { topic: 'control', partition: 0 };
    await second.commit(control, 5, 'by two');
    // it believes in its partitions still
    expect(diary.holds('one')).toEqual(everything);
    await expect(first.commit(control, 3, 'by one')).rejects.toMatchObject({ name: 'AppendError', retriable: false });
    expect(await second.committed(control)).toEqual({ offset: 5, metadata: 'by two' });
    silent = false;
    speak();
    await diary.until(() => diary.entries.some((entry) => 'lost' in entry && entry.lost));
    await diary.until(() => diary.holds('one')?.length === 2 && diary.holds('two')?.length === 2);
    const [mine = 'control/0'] = diary.holds('one') ?? [];
    const at: PartitionRef = {
      topic: mine.startsWith('control') ? 'control' : 'metrics',
      partition: Number(mine.slice(-1)),
    };
    await first.commit(at, 6, 'by one again');
    expect(await second.committed(at)).toEqual({ offset: 6, metadata: 'by one again' });
  });

  it('outlives a broker that is killed: the session goes on, and commits get through', async () => {
    const diary = new Diary();
    const member = await join(await open(freshPrefix()), diary.listener('one'));
    await diary.until(() => diary.holds('one')?.length === 4);
    await member.commit({ topic: 'metrics', partition: 1 }, 1, 'before');
    await broker.kill();
    const waits = member.commit({ topic: 'metrics', partition: 1 }, 2, 'meanwhile');
    await broker.start();
    await waits.catch(() => undefined);
    // either the session went on, or it was lost and the group agreed anew: in the end it holds all and commits
    await diary.until(() => diary.holds('one')?.length === 4);
    await member.commit({ topic: 'metrics', partition: 1 }, 3, 'after');
    expect(await member.committed({ topic: 'metrics', partition: 1 })).toEqual({ offset: 3, metadata: 'after' });
  });

  it('gives its partitions up when the broker is away for longer than a session, and has them again after', async () => {
    const diary = new Diary();
    const member = await join(await open(freshPrefix()), diary.listener('one'), quick);
    await diary.until(() => diary.holds('one')?.length === 4);
    await broker.kill();
    await diary.until(() => diary.holds('one') === undefined);
    expect(diary.entries.at(-1)).toMatchObject({ lost: true });
    expect(member.fault()).toBeDefined();
    await expect(member.commit({ topic: 'control', partition: 0 }, 1, '')).rejects.toMatchObject({ retriable: false });
    await broker.start();
    await diary.until(() => diary.holds('one')?.length === 4);
    expect(member.fault()).toBeUndefined();
    await member.commit({ topic: 'control', partition: 0 }, 1, '');
  });
});
