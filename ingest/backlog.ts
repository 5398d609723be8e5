/** Back-pressure: how many bytes of points the tables are behind the log, bounded in all and shared fairly by workspaces and runs. */
import type { EventLogReader, PartitionRef } from '../events/event-log.js';
import type { PositionBoard } from '../events/position-board.js';
import { Problem } from '../runtime/problem.js';
import { createFairShares, type Holder, type ShareBounds } from './fair-shares.js';

/** A chunk's place in the backlog, from before its append until the projector has passed it. */
export interface Stay {
  appended(partition: number, offset: number): void;
  /** The append failed: nothing is on the log. */
  cancel(): void;
}

export interface Backlog {
  /** Throws `backlogged` (429) when `bytes` of this run would be too many. Takes nothing. */
  check(holder: Holder, bytes: number): void;
  /** As `check`, and takes the bytes. */
  enter(holder: Holder, bytes: number): Stay;
  bytes(): number;
  stop(): void;
}

interface Waiting {
  readonly offset: number;
  readonly holder: Holder;
  readonly bytes: number;
}

const DETAILS = {
  all: 'the tables are too far behind the log',
  workspace: 'this workspace has too many points that are not in the tables yet',
  run: 'this run has too many points that are not in the tables yet',
} as const;

export function createBacklog(log: EventLogReader, board: PositionBoard, bounds: ShareBounds): Backlog {
  const shares = createFairShares(bounds);
  const queues = Array.from({ length: log.partitions('metrics') }, (): Waiting[] => []);
  const reached = (partition: number): number => board.reached().metrics[partition] ?? -1;

  // appends of one partition resolve in order, so what the projector has passed is a prefix of its queue
  const drain = () => {
    queues.forEach((queue, partition) => {
      const upTo = reached(partition);
      const kept = queue.findIndex((waiting) => waiting.offset > upTo);
      for (const { holder, bytes } of queue.splice(0, kept < 0 ? queue.length : kept)) shares.give(holder, bytes);
    });
  };
  const stop = board.onAdvance(drain);

  /** What the log says is ahead of the tables: more than the queues know right after a start. */
  const logBytes = (): number =>
    queues.reduce((sum, _queue, partition) => {
      const at: PartitionRef = { topic: 'metrics', partition };
      return sum + log.bytesFrom(at, Math.max(reached(partition) + 1, log.start(at)));
    }, 0);

  const check = (holder: Holder, bytes: number) => {
    const unknown = Math.max(0, logBytes() - shares.total());
    const refusal = shares.refusal(holder, bytes, unknown);
    if (refusal === undefined) return;
    throw new Problem('backlogged', `${DETAILS[refusal]}; send again a little later`, {
      field: refusal === 'all' ? 'backlog' : refusal,
      retryAfterS: 1,
    });
  };

  return {
    check,
    enter(holder, bytes) {
      check(holder, bytes);
      shares.take(holder, bytes);
      return {
        appended(partition, offset) {
          if (offset <= reached(partition)) shares.give(holder, bytes);
          else queues[partition]?.push({ offset, holder, bytes });
        },
        cancel: () => {
          shares.give(holder, bytes);
        },
      };
    },
    bytes: () => Math.max(logBytes(), shares.total()),
    stop,
  };
}
