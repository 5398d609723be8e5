/** Waiting for the fold: what counts is the end of the control log as it is, not as this reader last heard of it. */
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createMemoryLog } from '../events/event-log.memory.js';
import { Progress } from './progress.js';

it('a fold is waited for up to events that this reader has not heard of yet', async () => {
  const log = createMemoryLog({ epoch: 'e', metricsPartitions: 1 });
  const stale = { ...log, head: () => 0, freshHead: () => Promise.resolve(3) };
  const progress = new Progress(
    stale,
    () => undefined,
    () => true,
  );
  let through = false;
  const waiting = progress.foldAll(new AbortController().signal).then(() => (through = true));
  progress.foldedThrough(1);
  await setImmediate();
  expect(through).toBe(false);
  progress.foldedThrough(2);
  await waiting;
});
