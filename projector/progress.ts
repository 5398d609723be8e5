/** How far the tables, the fold and the hearing of runs are, per partition; what is published and what others wait for. */
import { CONTROL, type PartitionRef } from '../events/event-log.js';
import type { Position } from '../events/position.js';
import type { Bounds } from './slice.js';
import type { ProjectorLog } from './slice-ledger.js';
import { WaitingSince } from './waiting-since.js';

export class Progress {
  /** Highest offsets in the tables. */
  private control = -1;
  private readonly metrics: number[];
  /** When the last record that is in the tables was received, per metrics partition. */
  private readonly heardAt: number[];
  readonly waiting: { readonly control: WaitingSince; readonly metrics: readonly WaitingSince[] };
  private folded = -1;
  private foldWaiters: (() => void)[] = [];

  constructor(
    private readonly log: ProjectorLog,
    private readonly publish: (position: Position) => void,
    /** Which partitions are projected here: the others are another projector's to tell of. */
    private readonly isMine: (at: PartitionRef) => boolean,
  ) {
    const partitions = log.partitions('metrics');
    this.metrics = new Array<number>(partitions).fill(-1);
    this.heardAt = new Array<number>(partitions).fill(-Infinity);
    this.waiting = {
      control: new WaitingSince(),
      metrics: Array.from({ length: partitions }, () => new WaitingSince()),
    };
  }

  /** Where a start found the tables; of partitions that are not projected here, nothing. */
  resume(folded: number, control: number | undefined, metrics: readonly { partition: number; last: number }[]): void {
    this.control = control ?? -1;
    this.folded = folded;
    for (const { partition, last } of metrics) this.metrics[partition] = last;
    this.say();
  }

  controlDone({ last }: Bounds): void {
    this.control = last;
    this.say();
  }

  metricsDone(partition: number, { last }: Bounds): void {
    this.metrics[partition] = last;
    this.say();
  }

  heard(partition: number, receivedAt: number): void {
    this.heardAt[partition] = receivedAt;
  }

  /** Another projector was level with the head of its partition at `at`, ms. */
  otherWasLevel(partition: number, at: number): void {
    this.heardAt[partition] = at;
  }

  /** Up to when all chunks of a partition that the server received are in the tables, ms. */
  heardUntil(partition: number, now: number): number {
    if (!this.isMine({ topic: 'metrics', partition })) return this.heardAt[partition] ?? -Infinity;
    const behind = (this.metrics[partition] ?? -1) + 1 < this.log.head({ topic: 'metrics', partition });
    return behind ? (this.heardAt[partition] ?? -Infinity) : now;
  }

  foldedThrough(offset: number): void {
    this.folded = offset;
    this.wakeFoldWaiters();
  }

  /** Resolves when the control events that are durable now are folded, or when the signal aborts. */
  async foldAll(signal: AbortSignal): Promise<void> {
    // what this reader has heard of the head may be older than the record that is asked about
    const head = (await this.log.freshHead?.(CONTROL)) ?? this.log.head(CONTROL);
    const last = head - 1;
    while (this.folded < last && !signal.aborted) {
      await new Promise<void>((resolve) => this.foldWaiters.push(resolve));
    }
  }

  wakeFoldWaiters(): void {
    const waiters = this.foldWaiters;
    this.foldWaiters = [];
    for (const wake of waiters) wake();
  }

  /** Records of the partitions projected here that are on the log and not in the tables. */
  lag(): { readonly control: number; readonly metrics: readonly number[] } {
    const of = (at: PartitionRef, done: number) => (this.isMine(at) ? this.log.head(at) - 1 - done : 0);
    return {
      control: of(CONTROL, this.control),
      metrics: this.metrics.map((done, partition) => of({ topic: 'metrics', partition }, done)),
    };
  }

  /** When the oldest record came that is not in the tables, ms; null where all are. */
  oldestWaiting(now: number): { readonly control: number | null; readonly metrics: readonly (number | null)[] } {
    const lag = this.lag();
    const { control, metrics } = this.waiting;
    return {
      control: control.oldest(lag.control, now) ?? null,
      metrics: metrics.map((partition, i) => partition.oldest(lag.metrics[i] ?? 0, now) ?? null),
    };
  }

  private say(): void {
    this.publish({ epoch: this.log.epoch, control: this.control, metrics: [...this.metrics] });
  }
}
