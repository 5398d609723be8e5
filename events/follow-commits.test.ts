/** A board that follows commits: it gets to where the group is, asks only while it is behind, and gets over a broker that is away. */
import { afterEach, expect, it, vi } from 'vitest';
import { limits } from '../runtime/limits.js';
import { silentLogger } from '../runtime/logger.js';
import { createManualClock } from '../test/manual-clock.js';
import { createMemoryLog } from './event-log.memory.js';
import { followCommits } from './follow-commits.js';
import { createPositionBoard } from './position-board.js';

const value = new Uint8Array(1);
const control = { topic: 'control', partition: 0 } as const;
const metrics = { topic: 'metrics', partition: 1 } as const;
let stop = new AbortController();
let following: Promise<void> = Promise.resolve();

function start() {
  const log = createMemoryLog({ epoch: 'test', metricsPartitions: 2 });
  const clock = createManualClock();
  const board = createPositionBoard(log.epoch, clock);
  stop = new AbortController();
  const asked = vi.spyOn(log, 'committed');
  following = followCommits({ log, group: 'g', board, clock, logger: silentLogger, signal: stop.signal });
  const rounds = async (count: number) => {
    for (let i = 0; i < count; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(limits.commitsFollowedEveryMs);
    }
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { log, board, asked, rounds };
}

afterEach(async () => {
  stop.abort();
  await following;
});

it('asks nothing while there is nothing to know, and follows what the group commits', async () => {
  const { log, board, asked, rounds } = start();
  await rounds(10);
  expect(asked).not.toHaveBeenCalled();
  await log.append(control, [value, value]);
  await log.append(metrics, [value]);
  await rounds(1);
  expect(board.reached()).toMatchObject({ control: -1, metrics: [] });
  await log.commit('g', control, 1, '');
  await log.commit('g', metrics, 1, '');
  await rounds(2);
  expect(board.reached()).toEqual({ epoch: 'test', control: 0, metrics: [-1, 0] });
  await log.commit('g', control, 2, '');
  await rounds(2);
  expect(board.reached().control).toBe(1);
  asked.mockClear();
  await rounds(10);
  expect(asked).not.toHaveBeenCalled();
});

it('goes on after commits could not be asked for', async () => {
  const { log, board, asked, rounds } = start();
  asked.mockRejectedValueOnce(new Error('the brokers are away'));
  await log.commit('g', control, 1, '');
  await log.append(control, [value]);
  await rounds(5);
  expect(board.reached().control).toBe(0);
});
