/** Reads partitions on Kafka by offset, without a consumer group: what one reader does, or fails to do, is no matter to another. */
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { LogRecord } from './event-log.js';
import { KafkaFault, throwOnCode, type KafkaLink } from './kafka-client.js';
import type { KafkaPartition } from './kafka-partition.js';
import { decodeBatches } from './kafka-records.js';
import { fetch } from './kafka-requests.js';
import { refreshExtent } from './kafka-watch.js';

export const belowStart = (offset: number, start: number): RangeError =>
  new RangeError(`offset ${String(offset)} is below the start ${String(start)}`);

/** How long a leader may wait for records that are known to be there, but that it does not show yet. */
const WAIT_MS = 100;

export class KafkaReader {
  /** What was sent and not handed out, by partition; the most recent last. */
  private readonly leftovers = new Map<KafkaPartition, { readonly next: number; readonly bytes: Buffer }>();

  constructor(
    private readonly link: KafkaLink,
    private readonly clock: Clock,
  ) {}

  /** Records from `offset` on, which is at or above the start and below the head. */
  async read(partition: KafkaPartition, offset: number, bytesMax: number): Promise<readonly LogRecord[]> {
    const untilMs = this.clock.monotonic() + limits.kafkaReadMsMax;
    const left = this.leftovers.get(partition);
    let bytes = left?.next === offset ? left.bytes : undefined;
    for (;;) {
      bytes ??= await this.fetch(partition, offset, bytesMax, untilMs);
      const { records, exhausted } = decodeBatches(bytes, offset, bytesMax);
      this.leftovers.delete(partition);
      const [first, last] = [records[0], records.at(-1)];
      if (first !== undefined && last !== undefined) {
        if (!exhausted) this.keep(partition, last.offset + 1, bytes);
        const size = records.reduce((sum, { value }) => sum + value.length, 0);
        partition.marks.note(first.offset, records.length, size);
        return records;
      }
      bytes = undefined;
      // a new leader may not know yet how far its followers have come
      if (this.clock.monotonic() > untilMs) {
        throw new Error(
          `${partition.topic}/${String(partition.index)} does not show offset ${String(offset)}, which was acknowledged`,
        );
      }
    }
  }

  private async fetch(partition: KafkaPartition, offset: number, bytesMax: number, untilMs: number): Promise<Buffer> {
    const { topic, index } = partition;
    const fetched = await this.link.toLeader(topic, index, untilMs, async (broker) => {
      const [answer] = await fetch(broker, [{ topic, partition: index, offset, bytesMax }], bytesMax, WAIT_MS);
      if (answer === undefined) throw new KafkaFault('the answer to a fetch is empty', 'NO_ANSWER', true);
      try {
        throwOnCode(answer.errorCode);
      } catch (cause) {
        if ((cause as KafkaFault).type !== 'OFFSET_OUT_OF_RANGE') throw cause;
        const { start, head } = await refreshExtent(this.link, partition, untilMs);
        if (offset < start) return start;
        // a leader that has just taken over catches up; one that does not has lost what was acknowledged
        throw new KafkaFault(
          `${topic}/${String(index)} ends at ${String(head)}, below ${String(offset)}: the log has lost its end`,
          'LOST_END',
          true,
          { cause },
        );
      }
      partition.moved(answer.head, answer.start);
      return answer.records;
    });
    if (typeof fetched === 'number') throw belowStart(offset, fetched);
    return fetched;
  }

  private keep(partition: KafkaPartition, next: number, bytes: Buffer): void {
    this.leftovers.set(partition, { next, bytes });
    const [oldest] = this.leftovers.keys();
    if (oldest !== undefined && this.leftovers.size > limits.kafkaLeftoversMax) this.leftovers.delete(oldest);
  }
}
