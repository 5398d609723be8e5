/** Points per second of a run, a workspace and an API key; the only importer of rate-limiter-flexible. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Problem } from '../runtime/problem.js';

export interface RateBounds {
  readonly ratePointsPerKeyPerS: number;
  readonly ratePointsPerWorkspacePerS: number;
  readonly ratePointsPerRunPerS: number;
}

export interface Spender {
  readonly run?: string | undefined;
  readonly workspace: string;
  /** Id of the API key. */
  readonly key?: string | undefined;
}

export interface RateLimits {
  /** Takes `points` from every limit concerned, or from none: rejects with `rate_limited`, naming the limit. */
  take(spender: Spender, points: number): Promise<void>;
}

/** Windows of one second. The narrowest limit is asked first, and what a refused request took is given back. */
export function createRateLimits(bounds: RateBounds): RateLimits {
  const limits = [
    { name: 'run', of: (s: Spender) => s.run, pointsMax: bounds.ratePointsPerRunPerS },
    { name: 'workspace', of: (s: Spender) => s.workspace, pointsMax: bounds.ratePointsPerWorkspacePerS },
    { name: 'key', of: (s: Spender) => s.key, pointsMax: bounds.ratePointsPerKeyPerS },
  ].map((limit) => ({ ...limit, window: new RateLimiterMemory({ points: limit.pointsMax, duration: 1 }) }));

  return {
    async take(spender, points) {
      const taken: (() => Promise<unknown>)[] = [];
      for (const { name, of, pointsMax, window } of limits) {
        const id = of(spender);
        if (id === undefined) continue;
        // a request that is larger than the limit passes when it has a window for itself, or it never would
        const weight = Math.min(points, pointsMax);
        taken.push(() => window.reward(id, weight));
        try {
          await window.consume(id, weight);
        } catch (refusal) {
          for (const undo of taken) await undo();
          if (!(refusal instanceof RateLimiterRes)) throw refusal;
          throw new Problem('rate_limited', `more than ${String(pointsMax)} points per second of this ${name}`, {
            field: name,
            retryAfterS: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)),
          });
        }
      }
    },
  };
}
