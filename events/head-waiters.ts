/** Those who wait for the head of a partition to move: woken by the append itself, never by polling. */
export interface HeadWaiters {
  /** Resolves when `moved` is told a head above `offset`, when the signal aborts, or when the log closes. */
  waitPast(head: number, offset: number, signal: AbortSignal): Promise<void>;
  moved(head: number): void;
  /** Wakes everybody; later waits return at once. */
  close(): void;
}

export function createHeadWaiters(): HeadWaiters {
  const waiting = new Set<{ readonly offset: number; readonly wake: () => void }>();
  let closed = false;
  return {
    waitPast(head, offset, signal) {
      if (closed || head > offset || signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const waiter = {
          offset,
          wake: () => {
            waiting.delete(waiter);
            signal.removeEventListener('abort', waiter.wake);
            resolve();
          },
        };
        waiting.add(waiter);
        signal.addEventListener('abort', waiter.wake, { once: true });
      });
    },
    moved(head) {
      for (const waiter of [...waiting]) if (head > waiter.offset) waiter.wake();
    },
    close() {
      closed = true;
      for (const waiter of [...waiting]) waiter.wake();
    },
  };
}
