/** Appends to one partition: one batch under way at a time, so that a batch that is tried again never falls behind a later one. */
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { AppendError } from './event-log.js';
import { KafkaFault, type KafkaLink } from './kafka-client.js';
import type { KafkaPartition } from './kafka-partition.js';
import { encodeBatch } from './kafka-records.js';
import { produce } from './kafka-requests.js';

interface Waiting {
  readonly values: readonly Uint8Array[];
  readonly bytes: number;
  readonly untilMs: number;
  readonly resolve: (first: number) => void;
  readonly reject: (error: AppendError) => void;
}

interface Batch {
  readonly members: readonly Waiting[];
  readonly encoded: Promise<Buffer>;
}

/** What a later try cannot change; the rest (brokers away, too few replicas, a right that is missing) passes or can be put right. */
const hopeless = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'UNSUPPORTED_VERSION']);

export class KafkaAppender {
  private readonly waiting: Waiting[] = [];
  private running: Promise<void> | undefined;

  constructor(
    private readonly partition: KafkaPartition,
    private readonly link: KafkaLink,
    private readonly clock: Clock,
  ) {}

  append(values: readonly Uint8Array[], bytes: number): Promise<number> {
    const untilMs = this.clock.monotonic() + limits.kafkaAppendMsMax;
    return new Promise((resolve, reject) => {
      this.waiting.push({ values, bytes, untilMs, resolve, reject });
      this.running ??= this.run();
    });
  }

  /** Resolves when nothing is waiting or under way. */
  async drained(): Promise<void> {
    while (this.running !== undefined) await this.running;
  }

  private async run(): Promise<void> {
    // appends of the same turn go together
    await Promise.resolve();
    let next = this.take();
    while (next !== undefined) {
      const current = next;
      const sent = this.send(current);
      // the next one is made while this one is under way
      next = this.take();
      await sent;
      next ??= this.take();
    }
    this.running = undefined;
  }

  private take(): Batch | undefined {
    const members: Waiting[] = [];
    let [bytes, records] = [0, 0];
    for (let first = this.waiting[0]; first !== undefined; first = this.waiting[0]) {
      bytes += first.bytes;
      records += first.values.length;
      if (members.length > 0 && (bytes > limits.logBatchBytes || records > limits.kafkaBatchRecordsMax)) break;
      members.push(first);
      this.waiting.shift();
    }
    return members.length === 0 ? undefined : this.batch(members);
  }

  private batch(members: readonly Waiting[]): Batch {
    const values = members.flatMap((member) => member.values);
    const encoded = encodeBatch(values, this.clock.now());
    // looked at when its turn comes
    encoded.catch(() => undefined);
    return { members, encoded };
  }

  private async send({ members, encoded }: Batch): Promise<void> {
    const { topic, index, marks } = this.partition;
    const untilMs = members[0]?.untilMs ?? 0;
    try {
      const batch = await encoded;
      const base = await this.link.toLeader(topic, index, untilMs, (broker) =>
        produce(broker, topic, index, batch, limits.kafkaRequestMsMax),
      );
      let first = base;
      for (const { values, bytes } of members) {
        marks.note(first, values.length, bytes);
        first += values.length;
      }
      this.partition.moved(first);
      first = base;
      for (const { values, resolve } of members) {
        resolve(first);
        first += values.length;
      }
    } catch (cause) {
      await this.failed(members, cause);
    }
  }

  private async failed(members: readonly Waiting[], cause: unknown): Promise<void> {
    const type = cause instanceof KafkaFault ? cause.type : 'UNKNOWN';
    if (type === 'MESSAGE_TOO_LARGE' && members.length > 1) {
      // one that is small enough must not fail for its neighbours
      for (const member of members) await this.send(this.batch([member]));
      return;
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    const retriable = cause instanceof KafkaFault && !hopeless.has(type);
    for (const { reject } of members) {
      reject(new AppendError(`the brokers did not take the records: ${reason}`, retriable, { cause }));
    }
  }
}
