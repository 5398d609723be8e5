/** The two topics of the log: made when they are missing, checked when they are there. */
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { err, ok, type Result } from '../runtime/result.js';
import type { Topic } from './event-log.js';
import { faultOf, type KafkaLink } from './kafka-client.js';
import type { PartitionMetadata } from './kafka-internals.js';

const TOPIC_RESOURCE = 2;

export interface TopicsWanted {
  readonly prefix: string;
  /** Undefined takes what is there, or the default when the topic has to be made. */
  readonly metricsPartitions: number | undefined;
  /** Of a topic that has to be made; by default three, or as many as there are brokers. */
  readonly replicas: number | undefined;
  /** As the operator named them, for the commands in messages. */
  readonly bootstrap: string;
}

export interface TopicsReady {
  readonly metricsPartitions: number;
  /** What runs, but not as safely as it could. */
  readonly warnings: readonly string[];
}

export const topicName = (prefix: string, topic: Topic): string => `${prefix}.${topic}`;

interface Seen {
  readonly brokers: number;
  readonly partitions: readonly PartitionMetadata[] | undefined;
}

/** One sentence when the topics are not as the log needs them. */
export async function prepareTopics(
  link: KafkaLink,
  wanted: TopicsWanted,
  clock: Clock,
): Promise<Result<TopicsReady, string>> {
  const untilMs = clock.monotonic() + limits.kafkaOpenMsMax;
  const warnings = new Set<string>();
  let metricsPartitions = 0;
  for (const topic of ['control', 'metrics'] as const) {
    const name = topicName(wanted.prefix, topic);
    let seen = await describe(link, name, untilMs);
    if (seen.partitions === undefined) {
      const made = await create(link, topic, wanted, seen.brokers, untilMs);
      if (!made.ok) return made;
    }
    while (seen.partitions === undefined || seen.partitions.some(({ leader }) => leader < 0)) {
      if (clock.monotonic() > untilMs) return err(`nobody leads the topic ${name}: see that its brokers run`);
      await clock.sleep(limits.kafkaRetryMsMin);
      seen = await describe(link, name, untilMs);
    }
    const partitions = seen.partitions;
    const count = partitionsFault(topic, name, partitions.length, wanted);
    if (count !== undefined) return err(count);
    if (topic === 'metrics') metricsPartitions = partitions.length;
    const config = await configOf(link, name, untilMs);
    const replicas = Math.min(...partitions.map((partition) => partition.replicas.length));
    const misfit = configFault(name, config, replicas, wanted.bootstrap);
    if (misfit !== undefined) return err(misfit);
    if (replicas < 2) {
      warnings.add(
        `the log is not power-safe: topics ${wanted.prefix}.* have one replica, so a machine that loses power can lose acknowledged records; run three brokers`,
      );
    }
  }
  return ok({ metricsPartitions, warnings: [...warnings] });
}

async function describe(link: KafkaLink, name: string, untilMs: number): Promise<Seen> {
  return link.toAny(untilMs, async (broker) => {
    const { brokers } = await broker.metadata([]);
    try {
      const { topicMetadata } = await broker.metadata([name]);
      return { brokers: brokers.length, partitions: topicMetadata[0]?.partitionMetadata };
    } catch (cause) {
      const { type } = faultOf(cause);
      if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return { brokers: brokers.length, partitions: undefined };
      throw cause;
    }
  });
}

async function create(
  link: KafkaLink,
  topic: Topic,
  wanted: TopicsWanted,
  brokers: number,
  untilMs: number,
): Promise<Result<undefined, string>> {
  const name = topicName(wanted.prefix, topic);
  const replicas = wanted.replicas ?? Math.min(limits.kafkaReplicasDefault, brokers);
  const numPartitions = topic === 'control' ? 1 : (wanted.metricsPartitions ?? limits.kafkaPartitionsDefault);
  const configEntries = Object.entries({
    'cleanup.policy': 'delete',
    'retention.ms': '-1',
    'retention.bytes': '-1',
    'min.insync.replicas': String(Math.min(2, replicas)),
    'max.message.bytes': String(limits.kafkaMessageBytesMax),
    'unclean.leader.election.enable': 'false',
    'compression.type': 'producer',
  }).map(([key, value]) => ({ name: key, value }));
  try {
    await link.toAny(untilMs, (broker) =>
      broker.createTopics({
        topics: [{ topic: name, numPartitions, replicationFactor: replicas, configEntries }],
        timeout: limits.kafkaRequestMsMax,
      }),
    );
  } catch (cause) {
    const fault = faultOf(cause instanceof Error && 'errors' in cause ? (cause.errors as unknown[])[0] : cause);
    const inner = faultOf((fault.cause as { errors?: unknown[] } | undefined)?.errors?.[0] ?? fault);
    if (inner.type === 'INVALID_REPLICATION_FACTOR') {
      return err(
        `the topic ${name} can not have ${String(replicas)} replicas on ${String(brokers)} brokers: ask for fewer, or start more brokers`,
      );
    }
    // another process was quicker, which is as good
    if (inner.type !== 'TOPIC_ALREADY_EXISTS') return err(`the topic ${name} could not be made: ${inner.message}`);
  }
  return ok(undefined);
}

function partitionsFault(topic: Topic, name: string, found: number, wanted: TopicsWanted): string | undefined {
  if (topic === 'control') {
    if (found === 1) return undefined;
    return `the topic ${name} has ${String(found)} partitions and must have exactly one, because names and versions are decided in its order: choose another topic prefix, or delete the topic when nothing in it is needed`;
  }
  if (found > limits.logPartitionsMax) {
    return `the topic ${name} has ${String(found)} partitions, at most ${String(limits.logPartitionsMax)} can be used: choose another topic prefix`;
  }
  if (wanted.metricsPartitions === undefined || wanted.metricsPartitions === found) return undefined;
  return `the topic ${name} has ${String(found)} partitions, the configuration asks for ${String(wanted.metricsPartitions)}: a run stays in its partition for ever, so configure ${String(found)}, or choose another topic prefix`;
}

async function configOf(link: KafkaLink, name: string, untilMs: number): Promise<ReadonlyMap<string, string>> {
  const { resources } = await link.toAny(untilMs, (broker) =>
    broker.describeConfigs({ resources: [{ type: TOPIC_RESOURCE, name }] }),
  );
  return new Map(resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]));
}

function configFault(
  name: string,
  config: ReadonlyMap<string, string>,
  replicas: number,
  bootstrap: string,
): string | undefined {
  const alter = (key: string, value: string): string =>
    `kafka-configs.sh --bootstrap-server ${bootstrap} --alter --entity-type topics --entity-name ${name} --add-config ${key}=${value}`;
  const is = (key: string): string => config.get(key) ?? '';
  const number = (key: string): number => Number(config.get(key));
  const fault = (key: string, must: string, why: string, value: string): string =>
    `the topic ${name} has ${key}=${is(key)}, it must be ${must} (${why}): ${alter(key, value)}`;

  const kept = 'what the tables need must not go away by itself; the log is trimmed when it has been projected';
  const minInSync = number('min.insync.replicas');
  if (is('cleanup.policy') !== 'delete') {
    return fault('cleanup.policy', '"delete"', 'compaction would take records out of the middle', 'delete');
  }
  if (number('retention.ms') >= 0) return fault('retention.ms', '-1', kept, '-1');
  if (number('retention.bytes') >= 0) return fault('retention.bytes', '-1', kept, '-1');
  if (minInSync > replicas) {
    return fault(
      'min.insync.replicas',
      `at most ${String(replicas)}`,
      'it has no more replicas, so nothing can be appended',
      String(Math.min(2, replicas)),
    );
  }
  if (replicas > 1 && minInSync < 2) {
    return fault('min.insync.replicas', '2 or more', 'one broker that fails could lose what was acknowledged', '2');
  }
  if (number('max.message.bytes') < limits.kafkaMessageBytesMax) {
    const bytes = String(limits.kafkaMessageBytesMax);
    return fault('max.message.bytes', `${bytes} or more`, 'a largest append would be refused', bytes);
  }
  if (is('unclean.leader.election.enable') === 'true') {
    return fault('unclean.leader.election.enable', 'false', 'an outdated replica could take over', 'false');
  }
  if (!['producer', 'uncompressed', 'lz4'].includes(is('compression.type'))) {
    return fault('compression.type', '"producer"', 'only LZ4 can be read', 'producer');
  }
  return undefined;
}
