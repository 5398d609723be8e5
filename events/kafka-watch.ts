/**
 * Sees what other processes append. While nothing comes, each leader keeps one question open and answers it with the first new
 * record. Such an answer always carries a whole batch, so while records come, heads are asked for instead.
 */
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { KafkaLink } from './kafka-client.js';
import type { Broker } from './kafka-internals.js';
import type { KafkaPartition } from './kafka-partition.js';
import { fetch, type FetchFrom } from './kafka-requests.js';

const LATEST = -1;
const EARLIEST = -2;
const OFFSET_OUT_OF_RANGE = 1;

/** Where partitions begin or end, all led by one broker. */
async function listOffsets(
  broker: Broker,
  partitions: readonly KafkaPartition[],
  timestamp: number,
): Promise<ReadonlyMap<KafkaPartition, number>> {
  const topics = [...new Set(partitions.map(({ topic }) => topic))].map((topic) => ({
    topic,
    partitions: partitions.filter((p) => p.topic === topic).map(({ index }) => ({ partition: index, timestamp })),
  }));
  const { responses } = await broker.listOffsets({ replicaId: -1, isolationLevel: 0, topics });
  const found = new Map<KafkaPartition, number>();
  for (const { topic, partitions: answers } of responses) {
    for (const { partition, offset } of answers) {
      const of = partitions.find((p) => p.topic === topic && p.index === partition);
      if (of !== undefined) found.set(of, Number(offset));
    }
  }
  return found;
}

export interface Extent {
  readonly start: number;
  readonly head: number;
}

/** Asks the leader where a partition begins and ends now, and takes it for known. */
export function refreshExtent(link: KafkaLink, partition: KafkaPartition, untilMs: number): Promise<Extent> {
  return link.toLeader(partition.topic, partition.index, untilMs, async (broker) => {
    const start = (await listOffsets(broker, [partition], EARLIEST)).get(partition) ?? 0;
    const head = (await listOffsets(broker, [partition], LATEST)).get(partition) ?? 0;
    partition.moved(head, start);
    return { start, head };
  });
}

export interface WatchOptions {
  readonly partitions: readonly KafkaPartition[];
  /** For the open questions; nothing else fetches over it. */
  readonly polls: KafkaLink;
  /** For what is answered at once. */
  readonly asks: KafkaLink;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Undefined when brokers answer again. */
  readonly onFault: (fault: string | undefined) => void;
}

/** Watches until the signal aborts. */
export async function watch(options: WatchOptions): Promise<void> {
  const { partitions, polls, asks, clock, signal, onFault } = options;
  let pauseMs: number = limits.kafkaRetryMsMin;
  while (!signal.aborted) {
    // a round ends when a broker fails or a leader changes, for all leaders together
    const round = new AbortController();
    const stop = () => round.abort();
    signal.addEventListener('abort', stop, { once: true });
    try {
      const led = new Map<string, KafkaPartition[]>();
      for (const partition of partitions) {
        const leader = polls.leader(partition.topic, partition.index);
        led.set(leader, [...(led.get(leader) ?? []), partition]);
      }
      await Promise.all(
        [...led].map(async ([leader, ofLeader]) => {
          try {
            await watchLeader(options, leader, ofLeader, round.signal, () => {
              pauseMs = limits.kafkaRetryMsMin;
              onFault(undefined);
            });
          } finally {
            round.abort();
          }
        }),
      );
    } catch (cause) {
      if (!signal.aborted) onFault(cause instanceof Error ? cause.message : String(cause));
    } finally {
      signal.removeEventListener('abort', stop);
    }
    await clock.sleep(pauseMs, signal);
    if (signal.aborted) return;
    pauseMs = Math.min(2 * pauseMs, limits.kafkaRetryMsMax);
    await Promise.all([polls.refresh(), asks.refresh()]);
  }
}

async function watchLeader(
  { polls, asks, clock }: WatchOptions,
  leader: string,
  partitions: readonly KafkaPartition[],
  signal: AbortSignal,
  onAnswer: () => void,
): Promise<void> {
  while (!signal.aborted) {
    const from = partitions.map(({ topic, index, head }): FetchFrom => ({
      topic,
      partition: index,
      offset: head,
      bytesMax: 1,
    }));
    const answers = await polls.toNode(leader, (broker) => fetch(broker, from, 1, limits.kafkaWatchWaitMs));
    let news = false;
    for (const { topic, partition, errorCode, head, start } of answers) {
      const of = partitions.find((p) => p.topic === topic && p.index === partition);
      // trimmed past what was known as the head: its extent says so below
      if (errorCode === OFFSET_OUT_OF_RANGE) news = true;
      else if (errorCode !== 0) throw new Error(`${topic}/${String(partition)} answers with code ${String(errorCode)}`);
      else if (of?.moved(head, start) === true) news = true;
    }
    onAnswer();
    for (let quiet = news ? 0 : limits.kafkaWatchQuietPolls; quiet < limits.kafkaWatchQuietPolls; quiet++) {
      await clock.sleep(limits.kafkaWatchPollMs, signal);
      if (signal.aborted) return;
      const heads = await asks.toNode(leader, (broker) => listOffsets(broker, partitions, LATEST));
      const starts =
        quiet === 0 ? await asks.toNode(leader, (broker) => listOffsets(broker, partitions, EARLIEST)) : undefined;
      for (const [of, head] of heads) if (of.moved(head, starts?.get(of))) quiet = -1;
    }
  }
}
