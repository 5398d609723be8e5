/** How the projector behaves around its pipelines: silence and revival of runs, dead letters, unknown versions, tables that are away. */
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeChunk } from '../events/chunk.js';
import { encodeControlEvent, type ControlEvent } from '../events/control-event.js';
import { encodeEnvelope } from '../events/envelope.js';
import type { EventLog, PartitionRef } from '../events/event-log.js';
import { createMemoryLog } from '../events/event-log.memory.js';
import { emptyPosition, mergePositions, type Position } from '../events/position.js';
import { limits } from '../runtime/limits.js';
import { silentLogger } from '../runtime/logger.js';
import { createMemoryStore } from '../state/memory-store.js';
import { createManualClock } from '../test/manual-clock.js';
import { MemoryTables } from '../test/simulation/memory-tables.js';
import type { ProjectionTables } from './projection-tables.js';
import { createProjector } from './projector.js';
import type { Projector, ProjectorDeps } from './port.js';
import { ProjectionStopped } from './slice.js';

const CONTROL: PartitionRef = { topic: 'control', partition: 0 };
const METRICS: PartitionRef = { topic: 'metrics', partition: 0 };
const RUN = '0b5e55ed-0000-4000-8000-00000000cafe';
const OTHER = '0b5e55ed-0000-4000-8000-00000000beef';
const MINUTE = 60_000;

const going: Projector[] = [];
afterEach(async () => {
  for (const projector of going.splice(0)) await projector.stop();
});

function world(overrides: Partial<ProjectorDeps> = {}, from?: { log: EventLog; tables: MemoryTables }) {
  const clock = createManualClock();
  const log = from?.log ?? createMemoryLog({ epoch: 'e', metricsPartitions: 1 });
  const tables = from?.tables ?? new MemoryTables();
  const store = createMemoryStore('e');
  let reached: Position = emptyPosition('e');
  const appended: ControlEvent[] = [];
  const projector = createProjector({
    log,
    store,
    tables,
    clock,
    logger: silentLogger,
    publish: (position) => (reached = mergePositions(reached, position)),
    async appendControl(event) {
      appended.push(event);
      await log.append(CONTROL, [encodeControlEvent(event)]);
    },
    ...overrides,
  });
  going.push(projector);

  /** Lets the world turn until the condition holds; time moves by `ms` a turn. */
  const until = async (condition: () => boolean, ms = 5) => {
    for (let turn = 0; !condition(); turn++) {
      if (turn > 5000) throw new Error('it does not come');
      clock.advance(ms);
      await setImmediate();
    }
  };
  const level = () =>
    until(() => reached.control === log.head(CONTROL) - 1 && (reached.metrics[0] ?? -1) === log.head(METRICS) - 1);
  const turns = async (count: number) => {
    for (let turn = 0; turn < count; turn++) await setImmediate();
  };
  let commands = 0;
  const say = (fields: object) =>
    log.append(CONTROL, [
      encodeControlEvent({
        v: 1,
        commandId: `c${String(commands++)}`,
        workspace: 'lab',
        at: clock.now(),
        ...fields,
      } as ControlEvent),
    ]);
  const startRun = (run: string, uuid: string) =>
    say({ type: 'RunStarted', run, uuid, experiment: 'e', experimentId: uuid.replace('0b', '1c') });
  let seq = 0;
  const send = (uuid: string, rows = 1) => log.append(METRICS, [chunkOf(uuid, clock.now(), seq++, rows)]);
  const statuses = () => Object.fromEntries([...store.openRuns()].map((run) => [run.id, run.status]));
  return { clock, log, tables, store, projector, appended, until, level, turns, say, startRun, send, statuses };
}

function chunkOf(run: string, receivedAt: number, seq: number, rows: number): Uint8Array {
  const column = Array.from({ length: rows }, (_, i) => i);
  const chunk = encodeChunk({
    kind: rows === 0 ? 'heartbeat' : 'points',
    writer: 'w',
    seq,
    generation: 0,
    series: rows === 0 ? [] : [{ key: 'loss', context: '' }],
    seriesIndex: column.map(() => 0),
    step: column,
    time: column,
    value: column,
  });
  return encodeEnvelope({ workspace: 'lab', run, receivedAt, generation: 0 }, chunk);
}

/** Tables that answer only while they are not away. */
function absentable(tables: MemoryTables) {
  const state = { away: false, attempts: 0 };
  const error = Object.assign(new Error('connection refused'), { retriable: true });
  const away = new Proxy(tables, {
    get(target, name: keyof ProjectionTables) {
      const member: unknown = Reflect.get(target, name, target);
      if (name === 'batches' || typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        state.attempts += 1;
        return state.away ? Promise.reject(error) : (member as (...a: unknown[]) => unknown).apply(target, args);
      };
    },
  });
  return { state, tables: away };
}

describe('runs that fall silent', () => {
  it('are recorded as crashed once, ten minutes after they were last heard', async () => {
    const w = world();
    await w.projector.start();
    await w.startRun('silent', RUN);
    await w.startRun('alive', OTHER);
    w.clock.advance(MINUTE);
    await w.send(RUN);
    const lastSeenAt = w.clock.now();
    await w.level();
    w.clock.advance(9 * MINUTE);
    await w.send(OTHER, 0);
    await w.level();
    await w.projector.sweep(w.clock.now());
    expect(w.appended).toEqual([]);
    w.clock.advance(MINUTE);
    await w.projector.sweep(w.clock.now());
    await w.projector.sweep(w.clock.now());
    await w.level();
    expect(w.appended).toMatchObject([{ type: 'RunCrashed', run: 'silent', lastSeenAt }]);
    expect(w.statuses()).toEqual({ silent: 'crashed', alive: 'running' });
  });

  it('are revived by the next chunk', async () => {
    const w = world();
    await w.projector.start();
    await w.startRun('r', RUN);
    await w.level();
    w.clock.advance(11 * MINUTE);
    await w.projector.sweep(w.clock.now());
    await w.level();
    expect(w.statuses()).toEqual({ r: 'crashed' });
    await w.send(RUN);
    await w.send(RUN, 0);
    await w.level();
    await w.until(() => w.statuses()['r'] === 'running');
    expect(w.appended.map(({ type }) => type)).toEqual(['RunCrashed', 'RunRevived']);
  });

  it('are not taken for crashed while their chunks wait to be projected', async () => {
    const { tables, state } = absentable(new MemoryTables());
    const w = world({ tables });
    await w.projector.start();
    await w.startRun('r', RUN);
    await w.level();
    state.away = true;
    w.clock.advance(MINUTE);
    await w.send(RUN);
    w.clock.advance(60 * MINUTE);
    await w.turns(20);
    await w.projector.sweep(w.clock.now());
    expect(w.appended).toEqual([]);
  });

  it('are not taken for crashed because nobody was there to listen, and are found by who takes over', async () => {
    const first = world();
    await first.projector.start();
    await first.startRun('r', RUN);
    await first.send(RUN);
    await first.level();
    await first.projector.stop();
    const second = world({}, first);
    second.clock.advance(600 * MINUTE);
    await second.projector.start();
    await second.until(() => second.store.folded() === 0);
    await second.projector.sweep(second.clock.now());
    expect(second.appended).toEqual([]);
    second.clock.advance(10 * MINUTE);
    await second.projector.sweep(second.clock.now());
    const [crashed] = second.appended;
    expect(crashed?.commandId).toMatch(new RegExp(`^crashed/${RUN}/\\d+$`));
    // a third one, which knows the tables only, would say the same and be told that it was said
    const third = world({}, first);
    third.clock.advance(620 * MINUTE);
    await third.projector.start();
    third.clock.advance(10 * MINUTE);
    await third.projector.sweep(third.clock.now());
    expect(third.appended.every(({ commandId }) => commandId === crashed?.commandId)).toBe(true);
  });

  it('are revived by the sweep when their chunk came while the crash was being written', async () => {
    const w = world();
    await w.projector.start();
    await w.startRun('r', RUN);
    await w.level();
    w.clock.advance(11 * MINUTE);
    const lastSeenAt = w.clock.now() - MINUTE;
    await w.send(RUN);
    await w.level();
    await w.say({ type: 'RunCrashed', run: 'r', lastSeenAt });
    await w.level();
    expect(w.statuses()).toEqual({ r: 'crashed' });
    await w.projector.sweep(w.clock.now());
    await w.until(() => w.statuses()['r'] === 'running');
  });
});

describe('records that cannot be projected', () => {
  it('go to the dead letters with position and reason, and the rest goes on', async () => {
    const w = world();
    await w.projector.start();
    await w.startRun('r', RUN);
    await w.log.append(CONTROL, [Buffer.from('{]')]);
    await w.log.append(METRICS, [Uint8Array.of(1, 2, 3)]);
    const torn = chunkOf(RUN, 1, 7, 3);
    torn[torn.length - 1] = (torn[torn.length - 1] ?? 0) ^ 1;
    await w.log.append(METRICS, [torn]);
    await w.send(OTHER);
    await w.send(RUN, 4);
    await w.level();
    const letters = w.tables.rows('dead_letters').map((row) => [row['topic'], Number(row['offset']), row['reason']]);
    expect(letters.sort()).toEqual([
      ['control', 1, 'not JSON in UTF-8'],
      ['metrics', 0, 'envelope is truncated'],
      ['metrics', 1, 'frame.crc does not match the bytes before it'],
      ['metrics', 2, `envelope.run ${OTHER} is not known`],
    ]);
    expect(w.projector.health().deadLetters).toBe(4);
    expect(w.tables.rows('points').length).toBe(4);
  });

  it('have a budget, past which nothing goes on and the reason is told', async () => {
    const w = world({ deadLettersMax: 2 });
    await w.projector.start();
    await w.log.append(METRICS, [Uint8Array.of(1), Uint8Array.of(2)]);
    await w.level();
    await w.log.append(METRICS, [Uint8Array.of(3)]);
    await w.until(() => w.projector.health().stoppedBecause !== undefined);
    expect(w.projector.health().stoppedBecause).toBe(
      'more than 2 records could not be projected; the next one is metrics/0 offset 2: envelope is truncated. See "runlog dead-letters list"; retry letters whose cause is gone or raise --dead-letters-max, then start the server again',
    );
    expect(await w.projector.ended).toBeInstanceOf(ProjectionStopped);
    expect(w.tables.rows('dead_letters').length).toBe(2);
  });

  it('do not count once they were retried, also when that is found out only after the budget is used up', async () => {
    const first = world({ deadLettersMax: 2 });
    await first.projector.start();
    await first.log.append(METRICS, [Uint8Array.of(1), Uint8Array.of(2)]);
    await first.level();
    await first.log.append(METRICS, [Uint8Array.of(3)]);
    await first.until(() => first.projector.health().stoppedBecause !== undefined);
    // while it stands still, a letter is retried, and comes back
    const retriedAs = await first.log.append(METRICS, [Uint8Array.of(1)]);
    await first.say({ type: 'DeadLetterRetried', topic: 'metrics', partition: 0, offset: 0, retriedAs });
    const second = world({ deadLettersMax: 2 }, first);
    await second.projector.start();
    await second.until(() => second.projector.health().stoppedBecause !== undefined);
    expect(second.projector.health().stoppedBecause).toContain('metrics/0 offset 3');
    // a second one makes room for the one that came back
    await first.say({ type: 'DeadLetterRetried', topic: 'metrics', partition: 0, offset: 1, retriedAs: 0 });
    // its event is read only when the records that need the room have been
    let metricsRead: () => void = () => undefined;
    const after = new Promise<void>((resolve) => (metricsRead = resolve));
    const log: EventLog = {
      ...first.log,
      async read(at, offset, bytesMax) {
        if (at.topic === 'control' && offset === first.log.head(CONTROL) - 1) {
          await after;
          await first.turns(50);
        }
        const records = await first.log.read(at, offset, bytesMax);
        if (at.topic === 'metrics') metricsRead();
        return records;
      },
    };
    const third = world({ deadLettersMax: 2, log }, first);
    await third.projector.start();
    await third.level();
    expect(third.projector.health()).toMatchObject({ deadLetters: 2 });
    expect(third.projector.health().stoppedBecause).toBeUndefined();
  });

  it('say whose they are where the record says so', async () => {
    const w = world();
    await w.projector.start();
    await w.send(OTHER);
    await w.log.append(METRICS, [Uint8Array.of(1)]);
    await w.log.append(CONTROL, [Buffer.from('{"v":1,"type":"RunDeleted","workspace":"lab"}')]);
    await w.level();
    const letters = w.tables.rows('dead_letters').map((row) => [row['topic'], Number(row['offset']), row['workspace']]);
    expect(letters.sort()).toEqual([
      ['control', 0, 'lab'],
      ['metrics', 0, 'lab'],
      ['metrics', 1, ''],
    ]);
  });

  it('stop it when they are events of a version that it does not know', async () => {
    const w = world();
    await w.projector.start();
    await w.startRun('r', RUN);
    await w.level();
    await w.say({ type: 'RunEnlightened', run: 'r' });
    await w.until(() => w.projector.health().stoppedBecause !== undefined);
    expect(w.projector.health().stoppedBecause).toContain('control offset 1 is an event of a type or version');
    expect(w.store.folded()).toBe(0);
  });
});

describe('what it counts', () => {
  it('is points and batches once, repeats apart, and the rows of every table', async () => {
    const w = world();
    await w.projector.start();
    await w.startRun('r', RUN);
    const batch = chunkOf(RUN, w.clock.now(), 100, 3);
    await w.log.append(METRICS, [batch]);
    await w.log.append(METRICS, [batch, chunkOf(RUN, w.clock.now(), 101, 0)]);
    await w.level();
    await w.until(() => w.projector.health().tally.duplicates === 1);
    const { tally } = w.projector.health();
    expect(tally).toMatchObject({ points: 3, batches: 1, duplicates: 1 });
    for (const table of ['points', 'series', 'chunks', 'runs', 'events', 'slices']) {
      expect([table, tally.inserted[table]?.rows]).toEqual([table, w.tables.rows(table).length]);
    }
    expect(tally.inserted['points']?.bytes).toBeGreaterThan(0);
  });

  it('includes since when the oldest record waits, from the first that is not in the tables', async () => {
    const { tables, state } = absentable(new MemoryTables());
    const w = world({ tables });
    await w.projector.start();
    await w.startRun('r', RUN);
    await w.level();
    expect(w.projector.health().oldestWaiting).toEqual({ control: null, metrics: [null] });
    state.away = true;
    const sentAt = w.clock.now();
    await w.send(RUN);
    await w.until(() => w.projector.health().away !== undefined);
    await w.send(RUN);
    w.clock.advance(MINUTE);
    await w.startRun('s', OTHER);
    const health = w.projector.health();
    expect(health.oldestWaiting.metrics).toEqual([sentAt]);
    expect(health.oldestWaiting.control).toBe(w.clock.now());
    state.away = false;
    await w.level();
    expect(w.projector.health().oldestWaiting).toEqual({ control: null, metrics: [null] });
  });
});

describe('while the tables are away', () => {
  it('it tries again for as long as it takes, says so, and catches up', async () => {
    const { tables, state } = absentable(new MemoryTables());
    const w = world({ tables });
    await w.projector.start();
    await w.startRun('r', RUN);
    await w.level();
    state.away = true;
    await w.send(RUN, 3);
    await w.until(() => w.projector.health().away !== undefined);
    expect(w.projector.health()).toMatchObject({
      away: expect.stringContaining('connection refused') as string,
      lag: { metrics: [1] },
    });
    const before = state.attempts;
    await w.until(() => state.attempts > before + 30, 1000);
    state.away = false;
    await w.level();
    expect(w.projector.health().away).toBeUndefined();
    expect(w.projector.health().stoppedBecause).toBeUndefined();
  });

  it('it reads no further than slices in flight and one more', async () => {
    const { tables, state } = absentable(new MemoryTables());
    const sizes = { rowsMax: 10, bytesMax: 1 << 20, eventsMax: 10 };
    const log = createMemoryLog({ epoch: 'e', metricsPartitions: 1 });
    let readTo = 0;
    const watched: EventLog = {
      ...log,
      async read(at, offset) {
        // one record at a time shows how far it goes
        const records = (await log.read(at, offset, 1)).slice(0, 1);
        if (at.topic === 'metrics') readTo = Math.max(readTo, (records.at(-1)?.offset ?? -1) + 1);
        return records;
      },
    };
    const w = world({ tables, sizes, log: watched }, { log, tables });
    await w.projector.start();
    await w.startRun('r', RUN);
    await w.until(() => w.store.folded() === 0 && w.tables.rows('slices').length === 2);
    state.away = true;
    for (let i = 0; i < 500; i++) await w.send(RUN, 5);
    await w.until(() => readTo > 0);
    for (let i = 0; i < 300; i++) {
      w.clock.advance(100);
      await setImmediate();
    }
    expect(readTo).toBeLessThanOrEqual(2 * (limits.slicesInFlightMax + 2));
    state.away = false;
    await w.level();
    expect(w.tables.rows('points').length).toBe(2500);
  });

  it('it starts all the same, once they are back', async () => {
    const { tables, state } = absentable(new MemoryTables());
    state.away = true;
    const w = world({ tables });
    const starting = w.projector.start();
    await w.startRun('r', RUN);
    await w.until(() => state.attempts > 5, 1000);
    state.away = false;
    await w.level();
    await starting;
  });
});

describe('slices', () => {
  it('are cut soon when little comes: a record waits for flushIdleMs', async () => {
    const w = world();
    await w.projector.start();
    await w.startRun('r', RUN);
    await w.level();
    w.clock.advance(10_000);
    await w.turns(20);
    await w.send(RUN);
    await w.turns(20);
    w.clock.advance(limits.flushIdleMs - 1);
    await w.turns(20);
    expect(w.tables.rows('points').length).toBe(0);
    w.clock.advance(1);
    await w.turns(50);
    expect(w.tables.rows('points').length).toBe(1);
  });

  it('grow while others are in flight, up to flushLoadedMs', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    class Slow extends MemoryTables {
      override async insert(table: string, block: readonly Uint8Array[], token: string): Promise<void> {
        if (table === 'points') await gate;
        await super.insert(table, block, token);
      }
    }
    const tables = new Slow();
    const w = world({ tables }, { log: createMemoryLog({ epoch: 'e', metricsPartitions: 1 }), tables });
    await w.projector.start();
    await w.startRun('r', RUN);
    await w.level();
    await w.send(RUN);
    const recorded = () =>
      w.tables.rows('slices').filter((row) => row['topic'] === 'metrics' && row['done'] === 0).length;
    await w.until(() => recorded() === 1);
    for (let i = 0; i < 10; i++) {
      await w.send(RUN);
      w.clock.advance(limits.flushLoadedMs / 20);
      await w.turns(20);
    }
    expect(recorded()).toBe(1);
    await w.until(() => recorded() === 2, limits.flushIdleMs);
    release();
    await w.level();
    expect(recorded()).toBe(2);
  });

  it('leave control facts no time to wait', async () => {
    const w = world();
    await w.projector.start();
    await w.turns(5);
    await w.startRun('r', RUN);
    await w.turns(50);
    expect(w.tables.rows('runs').length).toBe(1);
  });
});
