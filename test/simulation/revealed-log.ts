/** A log whose records come into sight bit by bit, as if they were being appended; commits are kept apart so that they can be lost. */
import type { Committed, EventLog, PartitionRef } from '../../events/event-log.js';
import type { ProjectorLog } from '../../projector/slice-ledger.js';
import type { Random } from './random.js';

const nameOf = (at: PartitionRef) => `${at.topic}/${String(at.partition)}`;

export class RevealedLog {
  private readonly heads = new Map<string, number>();
  private readonly waiting = new Set<{ readonly isOver: () => boolean; readonly wake: () => void }>();
  /** By partition, oldest first. */
  private readonly commits = new Map<string, Committed[]>();

  constructor(private readonly log: EventLog) {}

  partitions(): PartitionRef[] {
    const metrics = Array.from({ length: this.log.partitions('metrics') }, (_, partition) => ({
      topic: 'metrics' as const,
      partition,
    }));
    return [{ topic: 'control', partition: 0 }, ...metrics];
  }

  /** Lets some more records be seen. A chunk is only taken once its run is known, so the first `runs` control events come first. */
  reveal(random: Random, runs: number): void {
    for (const at of this.partitions()) {
      const seen = this.headOf(at);
      const more = random.between(0, at.topic === 'control' ? 20 : 6);
      if (at.topic === 'metrics' && this.headOf({ topic: 'control', partition: 0 }) < runs) continue;
      this.heads.set(nameOf(at), Math.min(this.log.head(at), seen + more));
    }
    for (const waiter of [...this.waiting]) if (waiter.isOver()) waiter.wake();
  }

  allSeen(): boolean {
    return this.partitions().every((at) => this.headOf(at) === this.log.head(at));
  }

  committedOffset(at: PartitionRef): number | undefined {
    return this.commits.get(nameOf(at))?.at(-1)?.offset;
  }

  loseCommits(): void {
    this.commits.clear();
  }

  /** As if a backup of the commits had been put back. */
  rewindCommits(random: Random): void {
    for (const kept of this.commits.values()) kept.splice(random.between(0, kept.length));
  }

  /** What one process has of it. */
  view(effect: <T>(act: () => Promise<T>, odds?: { mayBeLate: boolean }) => Promise<T>): ProjectorLog {
    const { log } = this;
    return {
      epoch: log.epoch,
      partitions: (topic) => log.partitions(topic),
      start: (at) => log.start(at),
      head: (at) => this.headOf(at),
      bytesFrom: (at, offset) => log.bytesFrom(at, offset),
      read: (at, offset, bytesMax) =>
        effect(async () => {
          const records = await log.read(at, offset, bytesMax);
          return records.filter((record) => record.offset < this.headOf(at));
        }),
      waitPast: (at, offset, signal) =>
        new Promise<void>((resolve) => {
          const isOver = () => this.headOf(at) > offset || signal.aborted;
          const waiter = {
            isOver,
            wake: () => {
              this.waiting.delete(waiter);
              signal.removeEventListener('abort', waiter.wake);
              resolve();
            },
          };
          this.waiting.add(waiter);
          signal.addEventListener('abort', waiter.wake, { once: true });
          if (isOver()) waiter.wake();
        }),
      commit: (_group, at, offset, metadata) =>
        // the log takes no commit of a process that has a successor
        effect(
          async () => {
            await Promise.resolve();
            const kept = this.commits.get(nameOf(at)) ?? [];
            kept.push({ offset, metadata });
            this.commits.set(nameOf(at), kept);
          },
          { mayBeLate: false },
        ),
      committed: (_group, at) =>
        effect(async () => {
          await Promise.resolve();
          return this.commits.get(nameOf(at))?.at(-1);
        }),
    };
  }

  private headOf(at: PartitionRef): number {
    return this.heads.get(nameOf(at)) ?? 0;
  }
}
