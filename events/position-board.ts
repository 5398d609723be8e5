/** Where the projector says how far the tables are, and where reads wait for a position they were given. */
import type { Clock } from '../runtime/clock.js';
import { covers, emptyPosition, mergePositions, type Position } from './position.js';

export interface PositionBoard {
  /** Everything up to here is in the tables. */
  reached(): Position;
  /** Moves the position on; never backwards. */
  publish(position: Position): void;
  /** True once `wanted` is reached, false when `waitMs` ran out first. */
  waitFor(wanted: Position, waitMs: number): Promise<boolean>;
  /** Calls back after every advance; returns the way to stop. */
  onAdvance(listener: (position: Position) => void): () => void;
}

export function createPositionBoard(epoch: string, clock: Clock): PositionBoard {
  let position = emptyPosition(epoch);
  const listeners = new Set<(position: Position) => void>();
  return {
    reached: () => position,
    publish(next) {
      position = mergePositions(position, next);
      for (const listener of [...listeners]) listener(position);
    },
    async waitFor(wanted, waitMs) {
      if (covers(position, wanted)) return true;
      const timer = new AbortController();
      let stop: () => void = () => undefined;
      const reached = new Promise<true>((resolve) => {
        stop = this.onAdvance(() => {
          if (covers(position, wanted)) resolve(true);
        });
      });
      const late = clock.sleep(waitMs, timer.signal).then(() => false as const);
      const result = await Promise.race([reached, late]);
      timer.abort();
      stop();
      return result;
    },
    onAdvance(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
