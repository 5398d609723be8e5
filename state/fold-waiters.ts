/** Commands that wait until their offset is folded: told when it is, when folding ends, or when it takes too long. */
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { Problem } from '../runtime/problem.js';

export interface FoldWaiters {
  /** Resolves when `offset` is folded; rejects with Problem `unavailable`, at the latest after `barrierWaitMs`. */
  wait(offset: number): Promise<void>;
  reached(folded: number): void;
  /** Folding has ended, for the reason that the sentence gives. */
  fail(sentence: string): void;
}

interface Waiter {
  readonly offset: number;
  readonly settle: (failure: string | undefined) => void;
}

export function createFoldWaiters(clock: Clock): FoldWaiters {
  const waiting = new Set<Waiter>();
  const settle = (waiter: Waiter, failure: string | undefined) => {
    waiting.delete(waiter);
    waiter.settle(failure);
  };
  return {
    async wait(offset) {
      const timer = new AbortController();
      const failure = await new Promise<string | undefined>((resolve) => {
        const waiter = { offset, settle: resolve };
        waiting.add(waiter);
        void clock.sleep(limits.barrierWaitMs, timer.signal).then(() => {
          if (waiting.has(waiter))
            settle(waiter, 'The command is on the log, but this instance has not folded it yet.');
        });
      });
      timer.abort();
      if (failure !== undefined) throw new Problem('unavailable', failure);
    },
    reached(folded) {
      for (const waiter of [...waiting]) if (waiter.offset <= folded) settle(waiter, undefined);
    },
    fail(sentence) {
      for (const waiter of [...waiting]) settle(waiter, sentence);
    },
  };
}
