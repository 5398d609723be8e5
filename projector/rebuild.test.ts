/** The order of a rebuild with fakes around it: what is said, stopped and dropped when, and what a failure leaves. */
import { beforeEach, describe, expect, it } from 'vitest';
import { createMemoryLog } from '../events/event-log.memory.js';
import { createPositionBoard, type PositionBoard } from '../events/position-board.js';
import type { EventLog } from '../events/event-log.js';
import { systemClock, type Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { silentLogger } from '../runtime/logger.js';
import { Problem } from '../runtime/problem.js';
import type { ProjectorHealth } from './port.js';
import { createRebuild, type Rebuild, type RebuildDeps } from './rebuild.js';
import { headsOf, TablesHost } from './tables-host.js';
import { emptyTally } from './tally.js';

const CONTROL = { topic: 'control', partition: 0 } as const;
const ORDER = { commandId: 'rebuild-1', workspace: 'default' };
const healthy: ProjectorHealth = {
  ...{ lag: { control: 0, metrics: [0] }, oldestWaiting: { control: null, metrics: [null] } },
  ...{ deadLetters: 0, tally: emptyTally },
};
/** Time passes in turns of the event loop. */
const clock: Clock = { ...systemClock, sleep: () => new Promise((resolve) => setImmediate(resolve)) };

let log: EventLog;
let board: PositionBoard;
let said: string[];
let health: Map<number, ProjectorHealth>;
/** How far the tables of each generation are. */
let boards: Map<number, PositionBoard>;
/** Whether the projector of a generation has caught up with the log. */
let isLevel: (generation: number) => boolean;
let switched: number | undefined;

beforeEach(async () => {
  log = createMemoryLog({ epoch: 'e', metricsPartitions: 1 });
  await log.append(CONTROL, [new Uint8Array(4)]);
  board = createPositionBoard('e', clock);
  said = [];
  health = new Map();
  boards = new Map();
  isLevel = () => true;
  switched = undefined;
});

async function start(changes: Partial<RebuildDeps> = {}): Promise<{ rebuild: Rebuild; host: TablesHost }> {
  const host = await TablesHost.start(
    {
      log,
      clock,
      board,
      startProjector: async (generation, own, leads) => {
        said.push(`start ${String(generation)}${leads ? '' : ' beside'}`);
        boards.set(generation, own);
        const running = new AbortController();
        const project = async () => {
          while (!running.signal.aborted) {
            if (isLevel(generation)) own.publish(headsOf(log));
            await clock.sleep(0);
          }
        };
        void project();
        await clock.sleep(0);
        return {
          health: () => health.get(generation) ?? healthy,
          lead: () => said.push(`lead ${String(generation)}`),
          stop: async () => {
            running.abort();
            said.push(`stop ${String(generation)}`);
            await clock.sleep(0);
          },
        };
      },
    },
    1,
  );
  const rebuild = createRebuild({
    log,
    clock,
    logger: silentLogger,
    host,
    tables: {
      space: () => Promise.resolve({ tablesBytes: 1000, freeBytes: 1e12 }),
      points: () => Promise.resolve(0),
      create: async (generation) => void said.push(`create ${String(generation)}`),
      drop: async (generation) => void said.push(`drop ${String(generation)}`),
    },
    announce: async (generation) => {
      said.push(`announce ${String(generation)}`);
      await log.append(CONTROL, [new Uint8Array(4)]);
      return { accepted: true, detail: '' };
    },
    switchReaders: async (generation) => {
      switched = generation;
      said.push(`switch ${String(generation)}`);
    },
    ...changes,
  });
  return { rebuild, host };
}

async function untilOver(rebuild: Rebuild) {
  while (!['done', 'failed'].includes(rebuild.status().phase)) await clock.sleep(0);
  await clock.sleep(0);
  return rebuild.status();
}

describe('a rebuild', () => {
  it('lets the present projector stop before the switch is on the log, and drops its tables last', async () => {
    const { rebuild, host } = await start();
    expect(await rebuild.begin(ORDER)).toMatchObject({ phase: 'preparing', generation: 2 });
    expect(await untilOver(rebuild)).toMatchObject({ phase: 'done', error: null });
    const order = [
      'start 1',
      'drop 2',
      'create 2',
      'start 2 beside',
      'stop 1',
      'announce 2',
      'lead 2',
      'switch 2',
      'drop 1',
    ];
    expect(said).toEqual(order);
    expect(host.generation).toBe(2);
    expect(board.reached()).toMatchObject(headsOf(log));
  });

  it('switches only to tables that hold all that the log held when the present ones stood still', async () => {
    let written = 0;
    const { rebuild } = await start({
      announce: async (generation) => {
        said.push(`announce ${String(generation)}`);
        expect(boards.get(2)?.reached().control).toBe(written);
        return { accepted: true, detail: '' };
      },
    });
    // the last writes before the present projector stands still
    let turns = 0;
    isLevel = (generation) => generation === 1 || (said.includes('stop 1') && turns++ > 20);
    await log.append(CONTROL, [new Uint8Array(4)]);
    written = log.head(CONTROL) - 1;
    await rebuild.begin(ORDER);
    expect(await untilOver(rebuild)).toMatchObject({ phase: 'done' });
  });

  it('says the switch again under the same command id while it is not known whether it was said', async () => {
    const ids: string[] = [];
    const { rebuild } = await start({
      announce: async (_, { commandId }) => {
        ids.push(commandId);
        await clock.sleep(0);
        if (ids.length < 3) throw new Problem('unavailable', 'the log takes no writes');
        return { accepted: true, detail: '' };
      },
    });
    await rebuild.begin(ORDER);
    expect(await untilOver(rebuild)).toMatchObject({ phase: 'done' });
    expect(ids).toEqual(['rebuild-1', 'rebuild-1', 'rebuild-1']);
  });

  it.each([
    [
      'the new projector stops',
      () => {
        health.set(2, { ...healthy, stoppedBecause: 'too many dead letters' });
        return {};
      },
      'too many dead letters',
    ],
    [
      'the fold refuses the switch',
      () => ({ announce: () => Promise.resolve({ accepted: false, detail: 'generation 3 is current' }) }),
      'generation 3 is current',
    ],
    [
      'the disk fills up meanwhile',
      () => {
        let asked = 0;
        return {
          tables: {
            space: () => Promise.resolve({ tablesBytes: 1000, freeBytes: asked++ === 1 ? 1e6 : 1e12 }),
            points: () => Promise.resolve(0),
            create: () => Promise.resolve(),
            drop: async (generation: number) => void said.push(`drop ${String(generation)}`),
          },
        };
      },
      'make room',
    ],
  ])('is given up when %s: the present tables go on, the new ones are dropped', async (_, changes, because) => {
    const { rebuild, host } = await start(changes());
    await rebuild.begin(ORDER);
    const status = await untilOver(rebuild);
    expect(status.error).toContain(because);
    while (said.at(-1) !== 'drop 2' || said.length < 3) await clock.sleep(0);
    expect(host.generation).toBe(1);
    expect(switched).toBeUndefined();
    expect(said.filter((line) => line === 'stop 1').length).toBe(said.filter((line) => line === 'start 1').length - 1);
    expect(said).toContain('stop 2');
    await log.append(CONTROL, [new Uint8Array(4)]);
    while (board.reached().control < log.head(CONTROL) - 1) await clock.sleep(0);
    expect(await rebuild.begin({ ...ORDER, commandId: 'rebuild-2' })).toMatchObject({ phase: 'preparing' });
    await rebuild.stop();
    await host.stop();
  });

  it('is refused when the disk has no room for a second set of tables, or the log no longer has its beginning', async () => {
    const space = () => Promise.resolve({ tablesBytes: 4e9, freeBytes: 4.1e9 });
    const { rebuild } = await start({
      tables: {
        space,
        points: () => Promise.resolve(0),
        create: () => Promise.resolve(),
        drop: () => Promise.resolve(),
      },
    });
    await expect(rebuild.begin(ORDER)).rejects.toMatchObject({
      code: 'conflict',
      detail: expect.stringContaining('5,537 MB beside the present tables, and 4,100 MB are free') as string,
    });
    expect(rebuild.status().phase).toBe('none');
    const trimmed = await start({ log: { ...log, start: () => 7 } });
    await expect(trimmed.rebuild.begin(ORDER)).rejects.toMatchObject({
      code: 'conflict',
      detail: expect.stringContaining('control/0 begins at offset 7') as string,
    });
    expect(said).toEqual(['start 1', 'start 1']);
    expect(limits.rebuildSpareBytes).toBe(512 * 1024 ** 2);
  });

  it('is done when readers were switched, also when the old tables cannot be dropped: the next start does that', async () => {
    const { rebuild, host } = await start({
      switchReaders: () => Promise.reject(new Error('ClickHouse is away')),
    });
    await rebuild.begin(ORDER);
    expect(await untilOver(rebuild)).toMatchObject({ phase: 'done', error: null });
    expect(host.generation).toBe(2);
    expect(said).not.toContain('drop 1');
    expect(said).not.toContain('stop 2');
  });

  it('runs one at a time', async () => {
    isLevel = (generation) => generation === 1;
    await log.append({ topic: 'metrics', partition: 0 }, [new Uint8Array(8)]);
    const { rebuild, host } = await start();
    await rebuild.begin(ORDER);
    await expect(rebuild.begin(ORDER)).rejects.toMatchObject({ code: 'conflict' });
    await rebuild.stop();
    await host.stop();
    expect(said.slice(-2)).toContain('stop 1');
    await expect(rebuild.begin(ORDER)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
