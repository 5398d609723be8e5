/** Points per second of a run, a workspace and a key. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRateLimits } from './rate-limits.js';

const none = { ratePointsPerKeyPerS: 1e9, ratePointsPerWorkspacePerS: 1e9, ratePointsPerRunPerS: 1e9 };
const limited = (field: string): unknown =>
  expect.objectContaining({ code: 'rate_limited', extras: { field, retryAfterS: 1 } });

describe('rate limits', () => {
  // the package keeps its windows by the real clock
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('slow the run that floods, not its neighbour in the same workspace, and only for its second', async () => {
    const rates = createRateLimits({ ...none, ratePointsPerRunPerS: 1000 });
    const flooding = { run: 'a', workspace: 'w', key: 'k' };
    await rates.take(flooding, 900);
    await expect(rates.take(flooding, 200)).rejects.toEqual(limited('run'));
    await rates.take({ ...flooding, run: 'b' }, 900);
    vi.advanceTimersByTime(1001);
    await rates.take(flooding, 900);
  });

  it('hold for a workspace over all its runs and keys', async () => {
    const rates = createRateLimits({ ...none, ratePointsPerWorkspacePerS: 1000 });
    await rates.take({ run: 'a', workspace: 'w', key: 'k' }, 600);
    await expect(rates.take({ run: 'b', workspace: 'w', key: 'l' }, 600)).rejects.toEqual(limited('workspace'));
    await rates.take({ run: 'c', workspace: 'v', key: 'k' }, 600);
  });

  it('hold for a key over all runs, and not for requests without one', async () => {
    const rates = createRateLimits({ ...none, ratePointsPerKeyPerS: 1000 });
    await rates.take({ run: 'a', workspace: 'w', key: 'k' }, 600);
    await expect(rates.take({ workspace: 'w', key: 'k' }, 600)).rejects.toEqual(limited('key'));
    await rates.take({ workspace: 'w' }, 600);
    await rates.take({ workspace: 'w', key: 'l' }, 600);
  });

  it('take nothing for a request that is refused', async () => {
    const rates = createRateLimits({ ...none, ratePointsPerRunPerS: 1000, ratePointsPerWorkspacePerS: 1500 });
    await rates.take({ run: 'a', workspace: 'w' }, 1000);
    for (let i = 0; i < 5; i++) {
      await expect(rates.take({ run: 'a', workspace: 'w' }, 1000)).rejects.toEqual(limited('run'));
    }
    await rates.take({ run: 'b', workspace: 'w' }, 500);
    await expect(rates.take({ run: 'c', workspace: 'w' }, 100)).rejects.toEqual(limited('workspace'));
    vi.advanceTimersByTime(1001);
    await rates.take({ run: 'c', workspace: 'w' }, 1000);
  });

  it('let a request through that is larger than a limit, when it has the second for itself', async () => {
    const rates = createRateLimits({ ...none, ratePointsPerRunPerS: 1000 });
    await rates.take({ run: 'a', workspace: 'w' }, 5000);
    await expect(rates.take({ run: 'a', workspace: 'w' }, 1)).rejects.toEqual(limited('run'));
  });
});
