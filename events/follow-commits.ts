/** Brings a board to where a group's commits are: how an instance that does not project knows how far the tables are. */
import { partitionsOf, type EventLog, type PartitionRef } from './event-log.js';
import type { PositionBoard } from './position-board.js';
import { emptyPosition, reachedIn } from './position.js';
import { limits } from '../runtime/limits.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';

export interface FollowCommitsDeps {
  readonly log: EventLog;
  readonly group: string;
  readonly board: PositionBoard;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Asks for commits only while the board is behind the log; runs until the signal aborts. */
export async function followCommits({ log, group, board, clock, logger, signal }: FollowCommitsDeps): Promise<void> {
  const partitions = partitionsOf(log);
  const reached = (at: PartitionRef) => reachedIn(board.reached(), at);
  const publish = ({ topic, partition }: PartitionRef, last: number) => {
    const position = emptyPosition(log.epoch);
    const metrics = Array.from({ length: partition + 1 }, (_, i) => (i === partition ? last : -1));
    board.publish(topic === 'control' ? { ...position, control: last } : { ...position, metrics });
  };
  let trouble = false;
  while (!signal.aborted) {
    const behind = partitions.filter((at) => reached(at) + 1 < log.head(at));
    if (behind.length === 0) {
      await anyAppend(log, partitions, signal);
      continue;
    }
    try {
      const commits = await Promise.all(behind.map((at) => log.committed(group, at)));
      behind.forEach((at, i) => {
        const last = (commits[i]?.offset ?? 0) - 1;
        if (last > reached(at)) publish(at, last);
      });
      trouble = false;
    } catch (cause) {
      if (signal.aborted) return;
      if (!trouble) logger.warn({ detail: String(cause) }, 'how far the tables are cannot be asked; it is tried again');
      trouble = true;
    }
    await clock.sleep(limits.commitsFollowedEveryMs, signal);
  }
}

async function anyAppend(log: EventLog, partitions: readonly PartitionRef[], signal: AbortSignal): Promise<void> {
  const one = new AbortController();
  const stop = () => one.abort();
  signal.addEventListener('abort', stop, { once: true });
  await Promise.race(partitions.map((at) => log.waitPast(at, log.head(at), one.signal)));
  one.abort();
  signal.removeEventListener('abort', stop);
}
