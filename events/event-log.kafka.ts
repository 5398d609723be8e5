/**
 * The event log on Kafka: topics `<prefix>.control` and `<prefix>.metrics`, any number of processes and threads, each with a log
 * of its own that appends, reads and commits.
 *
 * Appends are acknowledged by all replicas in sync. An append that was tried again may be there twice, and one that was refused
 * as retriable may be there, too. Reads go by offset, without a consumer group, and check every batch's CRC. What other
 * processes append is seen within some milliseconds after a silence, and within `kafkaWatchPollMs` while records come.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { err, ok, type Result } from '../runtime/result.js';
import { allPartitions, checkCommit, checkedBatchBytes, commitName, partitionIndex } from './append-rules.js';
import { AppendError, type EventLog, type PartitionRef, type Topic } from './event-log.js';
import { KafkaAppender } from './kafka-appender.js';
import { KafkaLink, type KafkaConnection } from './kafka-client.js';
import { KafkaCommits } from './kafka-commits.js';
import { KafkaPartition } from './kafka-partition.js';
import { belowStart, KafkaReader } from './kafka-reader.js';
import { decodeBatches } from './kafka-records.js';
import { fetch, topicId } from './kafka-requests.js';
import { prepareTopics, topicName } from './kafka-topics.js';
import { refreshExtent, watch } from './kafka-watch.js';

export interface KafkaLogOptions extends KafkaConnection {
  readonly clock: Clock;
  /** Topics and groups are named `<prefix>.…`; `runlog` by default. */
  readonly prefix?: string;
  /** Left out: as many as the topic has, or the default when it has to be made. */
  readonly metricsPartitions?: number;
  /** Copies of topics that have to be made. Left out: three, or as many as there are brokers. */
  readonly replicas?: number;
}

export interface KafkaLog extends EventLog {
  /** Sentences for the operator: what runs, but not as safely as it could. */
  readonly warnings: readonly string[];
  /** What keeps this log from seeing what others append; undefined while all is well. */
  fault(): string | undefined;
}

/** What a membership needs beside the log's own methods. */
export interface KafkaLogParts {
  readonly log: KafkaLog;
  readonly commits: KafkaCommits;
  readonly options: KafkaLogOptions;
}

const inner = new WeakMap<EventLog, KafkaLogParts>();

/** The parts of a log that was opened here. */
export function kafkaParts(log: EventLog): KafkaLogParts {
  const parts = inner.get(log);
  if (parts === undefined) throw new Error('this log is not on Kafka');
  return parts;
}

/** Opens the log, making topics that are missing. An error is one sentence for the operator. */
export async function openKafkaLog(options: KafkaLogOptions): Promise<Result<KafkaLog, string>> {
  const { clock, prefix = 'runlog', brokers } = options;
  if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/.test(prefix)) return err('a topic prefix is named [A-Za-z0-9._-]{1,200}');
  const topics = (['control', 'metrics'] as const).map((topic) => topicName(prefix, topic));
  const [controlLink, metricsLink, askLink] = [0, 1, 2].map(() => new KafkaLink(options, clock)) as [
    KafkaLink,
    KafkaLink,
    KafkaLink,
  ];
  const links = [controlLink, metricsLink, askLink];
  try {
    await askLink.open([]);
    const ready = await prepareTopics(
      askLink,
      {
        prefix,
        metricsPartitions: options.metricsPartitions,
        replicas: options.replicas,
        bootstrap: brokers.join(','),
      },
      clock,
    );
    if (!ready.ok) return await given(ready);
    for (const link of links) await link.open(topics);
    const { metricsPartitions, warnings } = ready.value;
    return ok(await assemble(options, prefix, metricsPartitions, warnings, [controlLink, metricsLink, askLink]));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return given(err(`Kafka at ${brokers.join(',')} can not be used: ${reason}`));
  }

  async function given(error: { readonly ok: false; readonly error: string }): Promise<Result<KafkaLog, string>> {
    await Promise.all(links.map((link) => link.close()));
    return error;
  }
}

async function assemble(
  options: KafkaLogOptions,
  prefix: string,
  metricsPartitions: number,
  warnings: readonly string[],
  [controlLink, metricsLink, askLink]: readonly [KafkaLink, KafkaLink, KafkaLink],
): Promise<KafkaLog> {
  const { clock } = options;
  const linkOf = (topic: Topic): KafkaLink => (topic === 'control' ? controlLink : metricsLink);
  const partitions: KafkaPartition[] = [];
  const meanOf = (topic: Topic) => (): number => {
    const means = partitions.flatMap(({ at, marks }) => (at.topic === topic ? (marks.recordBytes ?? []) : []));
    return means.length === 0 ? 0 : means.reduce((sum, mean) => sum + mean, 0) / means.length;
  };
  for (const at of allPartitions(metricsPartitions)) {
    partitions.push(new KafkaPartition(at, topicName(prefix, at.topic), meanOf(at.topic)));
  }
  const openUntil = clock.monotonic() + limits.kafkaOpenMsMax;
  await Promise.all(partitions.map((partition) => refreshExtent(askLink, partition, openUntil)));
  await sampleSizes(partitions, askLink, openUntil);
  const epoch = await epochOf(askLink, prefix, openUntil);

  const appenders = partitions.map((p) => new KafkaAppender(p, linkOf(p.at.topic), clock));
  const reader = new KafkaReader(askLink, clock);
  const commits = new KafkaCommits(askLink, prefix, clock);
  const faults = new Map<Topic, string>();
  const over = new AbortController();
  const watching = (['control', 'metrics'] as const).map((topic) =>
    watch({
      partitions: partitions.filter(({ at }) => at.topic === topic),
      polls: linkOf(topic),
      asks: askLink,
      clock,
      signal: over.signal,
      onFault(fault) {
        if (fault === undefined) faults.delete(topic);
        else faults.set(topic, fault);
      },
    }),
  );
  let queuedBytes = 0;
  let closing: Promise<void> | undefined;

  const partition = (at: PartitionRef): KafkaPartition => {
    const found = partitions[partitionIndex(at, metricsPartitions)];
    if (found === undefined) throw new RangeError('no such partition');
    return found;
  };
  const close = async (): Promise<void> => {
    for (const { waiters } of partitions) waiters.close();
    over.abort();
    const patience = new AbortController();
    const settled = Promise.all([...appenders.map((appender) => appender.drained()), commits.settled()]);
    await Promise.race([settled, clock.sleep(limits.kafkaCloseMsMax, patience.signal)]);
    patience.abort();
    await Promise.all([controlLink.close(), metricsLink.close(), askLink.close()]);
    await Promise.all([settled, ...watching]);
  };

  const log: KafkaLog = {
    epoch,
    warnings,
    fault: () => [...faults.values()][0],
    partitions: (topic) => (topic === 'control' ? 1 : metricsPartitions),
    head: (at) => partition(at).head,
    start: (at) => partition(at).start,
    bytesFrom(at, offset) {
      const { marks, head, start } = partition(at);
      return marks.between(Math.max(offset, start), head);
    },
    waitPast(at, offset, signal) {
      const { waiters, head } = partition(at);
      return waiters.waitPast(head, offset, signal);
    },
    async read(at, offset, bytesMax) {
      const from = partition(at);
      if (closing !== undefined) throw new Error('the log is closed');
      if (!Number.isSafeInteger(offset) || offset < from.start) throw belowStart(offset, from.start);
      if (offset >= from.head) return [];
      return reader.read(from, offset, Math.min(bytesMax, limits.logReadBytesMax));
    },
    async append(at, values) {
      const appender = appenders[partitionIndex(at, metricsPartitions)];
      const bytes = checkedBatchBytes(values);
      if (appender === undefined || closing !== undefined) throw new AppendError('the log is closed', false);
      if (queuedBytes + bytes > limits.logQueueBytesMax) throw new AppendError('the brokers are behind', true);
      queuedBytes += bytes;
      try {
        return await appender.append(values, bytes);
      } finally {
        queuedBytes -= bytes;
      }
    },
    async commit(group, at, offset, metadata) {
      commitName(group, at);
      partition(at);
      checkCommit(offset, metadata);
      if (closing !== undefined) throw new AppendError('the log is closed', false);
      await commits.commit(group, at, { offset, metadata });
    },
    async committed(group, at) {
      commitName(group, at);
      partition(at);
      return commits.committed(group, at);
    },
    async trim(at, offset) {
      const of = partition(at);
      const { topic, index } = of;
      const below = Math.min(offset, of.head);
      if (below <= of.start) return;
      const partitionsBelow = [{ partition: index, offset: String(below) }];
      await askLink.toLeader(topic, index, clock.monotonic() + limits.kafkaAppendMsMax, (broker) =>
        broker.deleteRecords({ topics: [{ topic, partitions: partitionsBelow }] }),
      );
      of.moved(of.head, below);
    },
    async freshHead(at) {
      const untilMs = clock.monotonic() + limits.kafkaReadMsMax;
      return (await refreshExtent(askLink, partition(at), untilMs)).head;
    },
    close: () => (closing ??= close()),
  };
  inner.set(log, { log, commits, options });
  return log;
}

/** Looks at the last batch of some partitions, so that what lies in them can be guessed at in bytes. */
async function sampleSizes(partitions: readonly KafkaPartition[], link: KafkaLink, untilMs: number): Promise<void> {
  const filled = partitions.filter(({ head, start }) => head > start).slice(0, limits.kafkaSampledPartitionsMax);
  for (const { topic, index, head, marks } of filled) {
    await link.toLeader(topic, index, untilMs, async (broker) => {
      const from = { topic, partition: index, offset: head - 1, bytesMax: 1 };
      const [answer] = await fetch(broker, [from], 1, 0);
      if (answer === undefined) return;
      const { records } = decodeBatches(answer.records, head - 1, limits.logReadBytesMax);
      const bytes = records.reduce((sum, { value }) => sum + value.length, 0);
      marks.note(head - 1, records.length, bytes);
    });
  }
}

/** Topics that are made anew have other ids, so the log is another one. */
async function epochOf(link: KafkaLink, prefix: string, untilMs: number): Promise<string> {
  const hash = createHash('sha256');
  for (const topic of ['control', 'metrics'] as const) {
    hash.update(await link.toAny(untilMs, (broker) => topicId(broker, topicName(prefix, topic))));
  }
  return hash.digest('hex').slice(0, 32);
}
