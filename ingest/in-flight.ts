/** The memory of requests for points under way: bodies being read, unpacked and appended, bounded and shared fairly. */
import { Problem } from '../runtime/problem.js';
import { createFairShares, type Holder, type ShareBounds } from './fair-shares.js';

/** What one request holds; `resize` when unpacking shows its true size, `release` in every case. */
export interface Room {
  resize(bytes: number): void;
  release(): void;
}

export interface InFlight {
  /** Throws `backlogged` when there is no room for `bytes` more. */
  enter(holder: Holder, bytes: number): Room;
  bytes(): number;
}

export function createInFlight(bounds: ShareBounds): InFlight {
  const shares = createFairShares(bounds);
  const take = (holder: Holder, bytes: number) => {
    const refusal = shares.refusal(holder, bytes);
    if (refusal !== undefined) {
      throw new Problem('backlogged', 'too many bytes of points are under way at once; send again a little later', {
        field: refusal === 'all' ? 'inFlight' : refusal,
        retryAfterS: 1,
      });
    }
    shares.take(holder, bytes);
  };
  return {
    enter(holder, announced) {
      let held = announced;
      take(holder, held);
      return {
        resize(bytes) {
          if (bytes > held) take(holder, bytes - held);
          else shares.give(holder, held - bytes);
          held = bytes;
        },
        release() {
          shares.give(holder, held);
          held = 0;
        },
      };
    },
    bytes: () => shares.total(),
  };
}
