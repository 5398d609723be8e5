/** The hint that a batch was seen before. */
import { describe, expect, it } from 'vitest';
import { createRecentBatches } from './recent-batches.js';

const bounds = { writersRememberedMax: 2, batchGapsRememberedMax: 3 };

describe('recent batches', () => {
  it('know every batch of a writer, in whatever order they came', () => {
    const batches = createRecentBatches(bounds);
    for (const seq of [5, 6, 9, 7, 8, 4]) {
      expect(batches.seen('r', 'w', seq)).toBe(false);
      batches.add('r', 'w', seq);
    }
    for (const seq of [4, 5, 6, 7, 8, 9]) expect(batches.seen('r', 'w', seq)).toBe(true);
    expect(batches.seen('r', 'w', 3)).toBe(false);
    expect(batches.seen('r', 'w', 10)).toBe(false);
  });

  it('keep writers and runs apart', () => {
    const batches = createRecentBatches(bounds);
    batches.add('r', 'w', 1);
    expect(batches.seen('r', 'v', 1)).toBe(false);
    expect(batches.seen('s', 'w', 1)).toBe(false);
  });

  it('remember a bounded number of writers and gaps, the latest ones', () => {
    const batches = createRecentBatches(bounds);
    batches.add('r', 'w', 0);
    for (const seq of [10, 20, 30, 40]) batches.add('r', 'w', seq);
    expect(batches.seen('r', 'w', 10)).toBe(false);
    expect(batches.seen('r', 'w', 40)).toBe(true);
    batches.add('r', 'v', 0);
    batches.add('r', 'w', 50);
    batches.add('r', 'u', 0);
    expect(batches.seen('r', 'v', 0)).toBe(false);
    expect(batches.seen('r', 'w', 50)).toBe(true);
  });
});
