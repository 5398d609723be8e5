/** Back-pressure: a backlog that is bounded in all and shared, and that empties as the projector advances. */
import { describe, expect, it } from 'vitest';
import { createMemoryLog } from '../events/event-log.memory.js';
import { createPositionBoard } from '../events/position-board.js';
import { createManualClock } from '../test/manual-clock.js';
import { createBacklog } from './backlog.js';
import type { Holder } from './fair-shares.js';

const KB = 1000;

function setUp(bytesMax = 16 * KB) {
  const log = createMemoryLog({ epoch: 'e', metricsPartitions: 2 });
  const board = createPositionBoard('e', createManualClock());
  const backlog = createBacklog(log, board, { bytesMax, runShare: 0.25, workspaceShare: 0.5 });
  const append = async (holder: Holder, bytes: number, partition = 0) => {
    const stay = backlog.enter(holder, bytes);
    stay.appended(partition, await log.append({ topic: 'metrics', partition }, [new Uint8Array(bytes)]));
  };
  const project = (...metrics: number[]) => {
    board.publish({ epoch: 'e', control: -1, metrics });
  };
  return { log, backlog, append, project };
}

const flooding = { workspace: 'w', run: 'flooding' };
const quiet = { workspace: 'w', run: 'quiet' };
const backlogged = (field: string): unknown =>
  expect.objectContaining({ code: 'backlogged', extras: { field, retryAfterS: 1 } });

describe('the backlog', () => {
  it('slows the run that floods and not its neighbour, until the tables have caught up', async () => {
    const { append, project, backlog } = setUp();
    for (let i = 0; i < 4; i++) await append(flooding, KB);
    await expect(append(flooding, KB)).rejects.toEqual(backlogged('run'));
    await append(quiet, KB, 1);
    await expect(append(flooding, KB)).rejects.toEqual(backlogged('run'));
    project(1);
    await append(flooding, KB);
    expect(backlog.bytes()).toBe(4 * KB);
    project(4, 0);
    expect(backlog.bytes()).toBe(0);
  });

  it('slows the workspace that floods with many runs and not another workspace', async () => {
    const { append } = setUp();
    for (let run = 0; run < 7; run++) await append({ workspace: 'w', run: String(run) }, KB);
    await expect(append({ workspace: 'w', run: 'another' }, 2 * KB)).rejects.toEqual(backlogged('workspace'));
    await append({ workspace: 'v', run: 'neighbour' }, KB);
  });

  it('counts what is on the log from before a start', async () => {
    const { log, project, backlog, append } = setUp(16 * KB);
    await log.append({ topic: 'metrics', partition: 1 }, [new Uint8Array(15.5 * KB)]);
    await expect(append(quiet, KB)).rejects.toEqual(backlogged('backlog'));
    expect(backlog.bytes()).toBe(15.5 * KB);
    project(-1, 0);
    await append(quiet, KB);
  });

  it('gives back what an append took that failed', () => {
    const { backlog } = setUp();
    for (let i = 0; i < 4; i++) backlog.enter(flooding, KB).cancel();
    backlog.enter(flooding, 4 * KB);
    expect(() => backlog.enter(flooding, 1)).toThrow(expect.objectContaining({ code: 'backlogged' }) as Error);
  });

  it('holds nothing for a chunk that was projected before its append was heard of', async () => {
    const { log, backlog, project } = setUp();
    const stay = backlog.enter(flooding, 4 * KB);
    const offset = await log.append({ topic: 'metrics', partition: 0 }, [new Uint8Array(4 * KB)]);
    project(offset);
    stay.appended(0, offset);
    backlog.check(flooding, 4 * KB);
  });

  it('is checked without being taken', () => {
    const { backlog } = setUp();
    for (let i = 0; i < 9; i++) backlog.check(flooding, 4 * KB);
    expect(() => {
      backlog.check(flooding, 4 * KB + 1);
    }).toThrow(expect.objectContaining({ code: 'backlogged' }) as Error);
  });
});
