/** What this process knows of one partition on Kafka: where it begins and ends, who waits for it to grow, how large it is. */
import type { PartitionRef } from './event-log.js';
import { createHeadWaiters } from './head-waiters.js';
import { ByteMarks } from './kafka-byte-marks.js';

export class KafkaPartition {
  head = 0;
  start = 0;
  readonly waiters = createHeadWaiters();
  readonly marks: ByteMarks;

  constructor(
    readonly at: PartitionRef,
    /** The topic's name on the brokers. */
    readonly topic: string,
    recordBytes: () => number,
  ) {
    this.marks = new ByteMarks(recordBytes);
  }

  get index(): number {
    return this.at.partition;
  }

  /** Takes news of the partition; word that is older than what is known changes nothing. True when it grew. */
  moved(head: number, start = 0): boolean {
    const grew = head > this.head;
    this.head = Math.max(this.head, head, start);
    this.start = Math.max(this.start, start);
    if (grew) this.waiters.moved(this.head);
    return grew;
  }
}
