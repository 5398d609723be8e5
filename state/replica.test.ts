/** Tests of the replica over the log in memory: verdicts, repeats, catching up, and what it says when it cannot fold. */
import { describe, expect, test } from 'vitest';
import { encodeControlEvent, type ControlEvent } from '../events/control-event.js';
import { AppendError, type EventLog } from '../events/event-log.js';
import { createMemoryLog } from '../events/event-log.memory.js';
import { limits } from '../runtime/limits.js';
import { Problem } from '../runtime/problem.js';
import { event, experimentCreated, runStarted, uuidOf } from '../test/control-events.js';
import { createManualClock } from '../test/manual-clock.js';
import { createMemoryStore } from './memory-store.js';
import { createReplica } from './replica.js';
import type { StateStore } from './store.js';

const CONTROL = { topic: 'control', partition: 0 } as const;
const newLog = (epoch = 'e1') => createMemoryLog({ epoch, metricsPartitions: 1 });
const append = (log: EventLog, ...events: ControlEvent[]) => log.append(CONTROL, events.map(encodeControlEvent));
const appendText = (log: EventLog, text: string) => log.append(CONTROL, [Buffer.from(text)]);

interface Given {
  readonly log?: EventLog;
  readonly store?: StateStore;
}

function replicaOf({ log = newLog(), store = createMemoryStore() }: Given = {}) {
  const clock = createManualClock();
  const errors: string[] = [];
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (_: object, message: string) => void errors.push(message),
    error: (_: object, message: string) => void errors.push(message),
    child: () => logger,
  };
  const replica = createReplica({ log, store, clock, logger });
  /** Resolves when `offset` is folded. */
  const folded = (offset: number) =>
    new Promise<void>((resolve) => {
      const stop = replica.onFold((now) => {
        if (now < offset) return;
        stop();
        resolve();
      });
    });
  return { replica, log, store, clock, errors, folded };
}

async function started(given: Given = {}) {
  const all = replicaOf(given);
  await all.replica.start();
  return all;
}

const problemOf = (promise: Promise<unknown>): Promise<Problem> =>
  promise.then(
    () => {
      throw new Error('no problem came');
    },
    (error: unknown) => {
      if (error instanceof Problem) return error;
      throw error;
    },
  );

describe('a command', () => {
  test('is in the state once its verdict is there', async () => {
    const { replica } = await started();
    const { offset, verdict, position } = await replica.submit(runStarted('r1', { params: { lr: '1' } }));
    expect({ offset, position }).toEqual({ offset: 0, position: { epoch: 'e1', control: 0, metrics: [] } });
    expect(verdict).toEqual({ accepted: true, changed: true, created: true, subject: 'r1' });
    expect(replica.state.run('default', 'r1')).toMatchObject({ id: 'r1', status: 'running' });
    expect(replica.folded()).toBe(0);
    await replica.stop();
  });

  test('that is refused gives its refusal as a value', async () => {
    const { replica } = await started();
    const { verdict } = await replica.submit(event('RunDeleted', { run: 'none' }));
    expect(verdict).toMatchObject({ accepted: false, reason: 'unknown_run', field: 'id' });
    await replica.stop();
  });

  test('submitted twice at once gets its first verdict both times, and is done once', async () => {
    const { replica } = await started();
    const [a, b, c] = await Promise.all([
      replica.submit(runStarted('r1', { commandId: 'once' })),
      replica.submit(runStarted('r1', { commandId: 'once' })),
      replica.submit(runStarted('r2', { commandId: 'once', uuid: uuidOf('other') })),
    ]);
    expect([a, b, c].map(({ offset }) => offset)).toEqual([0, 1, 2]);
    expect(a.verdict).toEqual({ accepted: true, changed: true, created: true, subject: 'r1' });
    expect(b.verdict).toEqual({ ...a.verdict, changed: false });
    expect(c.verdict).toEqual({ ...a.verdict, changed: false });
    expect(replica.state.run('default', 'r2')).toBeUndefined();
    await replica.stop();
  });

  test('of many at once gets its own verdict: one wins a name, the others are refused', async () => {
    const { replica } = await started();
    const events = Array.from({ length: 500 }, (_, i) =>
      event('ExperimentCreated', { name: `exp-${String(i % 250)}`, experiment: uuidOf(String(i)) }),
    );
    const answers = await Promise.all(events.map((event) => replica.submit(event)));
    expect(answers.map(({ verdict }) => verdict.accepted)).toEqual(events.map((_, i) => i < 250));
    await replica.stop();
  });

  test('that is no event of this version is refused before it is on the log, naming the field', async () => {
    const { replica, log } = await started();
    const problem = await problemOf(replica.submit(runStarted('r1', { params: { lr: 'x'.repeat(70_000) } })));
    expect(problem.body()).toMatchObject({ status: 400, code: 'invalid_request', field: 'params.lr' });
    expect(log.head(CONTROL)).toBe(0);
    await replica.stop();
  });

  test('larger than a record of the log is refused before it is on the log', async () => {
    const { replica, log } = await started();
    const context = { text: 'x'.repeat(limits.logRecordBytesMax) };
    expect((await problemOf(replica.submit(runStarted('r1', { context })))).code).toBe('too_large');
    expect(log.head(CONTROL)).toBe(0);
    await replica.stop();
  });

  test('is unavailable while the log takes no writes, and works again after', async () => {
    const log = newLog();
    let full = true;
    const failing: EventLog = {
      ...log,
      append: (at, values) => (full ? Promise.reject(new AppendError('no space left', true)) : log.append(at, values)),
    };
    const { replica } = await started({ log: failing });
    const problem = await problemOf(replica.submit(runStarted('r1')));
    expect(problem).toMatchObject({ code: 'unavailable', detail: expect.stringContaining('no space left') as unknown });
    full = false;
    expect((await replica.submit(runStarted('r1'))).verdict.accepted).toBe(true);
    await replica.stop();
  });
});

describe('following the log', () => {
  test('two instances on one log see the same, whoever submitted', async () => {
    const log = newLog();
    const one = await started({ log });
    const two = await started({ log });
    const there = two.folded(1);
    await one.replica.submit(runStarted('r1'));
    await one.replica.submit(event('RunUpdated', { run: 'r1', name: 'n' }));
    await there;
    expect(two.store.dump()).toEqual(one.store.dump());
    await two.replica.submit(experimentCreated('other'));
    await Promise.all([one.replica.stop(), two.replica.stop()]);
  });

  test('start resolves when everything is folded that was on the log', async () => {
    const log = newLog();
    const runs = limits.foldBatchEventsMax * 2 + 50;
    await append(log, ...Array.from({ length: runs }, (_, i) => runStarted(`r${String(i)}`)));
    const sizes: number[] = [];
    const { replica } = replicaOf({ log });
    replica.onFold((_, facts) => sizes.push(facts.length));
    await replica.start();
    expect(replica.folded()).toBe(runs - 1);
    expect(sizes).toEqual([limits.foldBatchEventsMax, limits.foldBatchEventsMax, 50]);
    await replica.stop();
  });

  test('a restart goes on after what its store has folded', async () => {
    const log = newLog();
    const store = createMemoryStore();
    const first = await started({ log, store });
    await first.replica.submit(runStarted('r1'));
    await first.replica.stop();
    await append(log, event('RunUpdated', { run: 'r1', name: 'meanwhile' }));
    const batches: number[] = [];
    const second = replicaOf({ log, store });
    second.replica.onFold((_, facts) => batches.push(...facts.map(({ offset }) => offset)));
    await second.replica.start();
    expect(batches).toEqual([1]);
    expect(second.replica.state.run('default', 'r1')?.name).toBe('meanwhile');
    await second.replica.stop();
  });

  test.each([
    ['of another log', 'e0', 3],
    ['ahead of its log', 'e1', 4],
  ])('a store %s is emptied and folded anew', async (_name, epoch, events) => {
    const store = createMemoryStore(epoch);
    const before = Array.from({ length: events }, (_, i) => runStarted(`old-${String(i)}`));
    await store.apply(
      before.map((event, offset) => ({ offset, event })),
      false,
    );
    const log = newLog('e1');
    await append(log, ...before.slice(0, 2), runStarted('new'));
    const { replica } = await started({ log, store });
    const fresh = await started({ log });
    expect(store.dump()).toEqual(fresh.store.dump());
    expect([store.epoch(), replica.folded()]).toEqual(['e1', 2]);
    expect(replica.state.run('default', 'old-2')).toBeUndefined();
    await Promise.all([replica.stop(), fresh.replica.stop()]);
  });

  test('a store that is level with its log is kept', async () => {
    const log = newLog();
    const store = createMemoryStore('e1');
    await append(log, runStarted('r1'));
    await store.apply([{ offset: 0, event: runStarted('r1', { name: 'kept' }) }], false);
    const { replica } = await started({ log, store });
    expect(replica.state.run('default', 'r1')?.name).toBe('kept');
    await replica.stop();
  });

  test('a record that is no event is passed over, counted and reported', async () => {
    const log = newLog();
    await append(log, runStarted('r1'));
    await appendText(log, 'no JSON');
    await appendText(log, JSON.stringify({ ...runStarted('r2'), run: 7 }));
    const { replica, errors } = await started({ log });
    expect(replica.malformed()).toBe(2);
    expect(replica.healthy().ok).toBe(true);
    expect(errors).toEqual(Array(2).fill('a control record that is no event is passed over'));
    expect((await replica.submit(runStarted('r3'))).offset).toBe(3);
    await replica.stop();
  });
});

describe('an event of an unknown type or version', () => {
  const unknown: [string, object][] = [
    ['version', { ...runStarted('r2'), v: 2 }],
    ['type', { ...runStarted('r2'), type: 'RunTeleported' }],
  ];

  test.each(unknown)('(%s) ends folding before it, with a sentence', async (_name, body) => {
    const log = newLog();
    await append(log, runStarted('r1'));
    await appendText(log, JSON.stringify(body));
    await append(log, runStarted('r3'));
    const { replica } = await started({ log });
    expect(replica.folded()).toBe(0);
    expect(replica.state.run('default', 'r1')).toBeDefined();
    expect(replica.healthy()).toEqual({
      ok: false,
      error: expect.stringMatching(/offset 1 .* newer build is needed\.$/) as unknown,
    });
    const problem = await problemOf(replica.submit(runStarted('r4')));
    expect(problem).toMatchObject({ code: 'unavailable', detail: expect.stringContaining('offset 1') as unknown });
    expect(log.head(CONTROL)).toBe(3);
    await replica.stop();
  });

  test('ends the wait of the commands behind it', async () => {
    const { replica, log } = await started();
    const [, problem] = await Promise.all([
      appendText(log, JSON.stringify({ ...runStarted('r2'), v: 2 })),
      problemOf(replica.submit(runStarted('r1'))),
    ]);
    expect(problem.detail).toContain('offset 0');
    await replica.stop();
  });
});

describe('when folding fails', () => {
  /** A store whose `apply` fails, or never ends, until it is mended. */
  function brokenStore(apply: () => Promise<never>) {
    const store = createMemoryStore();
    let broken = false;
    return {
      store: {
        ...store,
        apply: (...args) => (broken ? apply() : store.apply(...args)),
      } satisfies StateStore,
      setBroken: (now: boolean) => (broken = now),
    };
  }

  test('it is unhealthy, tries again, and gives the waiting command its verdict', async () => {
    let failed: () => void = () => undefined;
    const failure = new Promise<void>((resolve) => (failed = resolve));
    const { store, setBroken } = brokenStore(() => {
      failed();
      return Promise.reject(new Error('disk full'));
    });
    const { replica, clock } = await started({ store });
    setBroken(true);
    const waiting = replica.submit(runStarted('r1'));
    await failure;
    await Promise.resolve();
    const refused = await problemOf(replica.submit(runStarted('r2')));
    expect(refused).toMatchObject({ code: 'unavailable', detail: expect.stringContaining('disk full') as unknown });
    expect(replica.healthy()).toMatchObject({ ok: false });
    setBroken(false);
    clock.advance(limits.foldRetryMs);
    expect((await waiting).verdict).toMatchObject({ accepted: true, created: true });
    expect((await replica.submit(runStarted('r3'))).verdict.accepted).toBe(true);
    expect(replica.healthy().ok).toBe(true);
    await replica.stop();
  });

  test('a command waits for a bounded time, and its repeat gets its first verdict', async () => {
    let release: () => void = () => undefined;
    const stuck = new Promise<never>((_, reject) => {
      release = () => {
        reject(new Error('stuck'));
      };
    });
    let entered: () => void = () => undefined;
    const applying = new Promise<void>((resolve) => (entered = resolve));
    const { store, setBroken } = brokenStore(() => {
      entered();
      return stuck;
    });
    const { replica, clock } = await started({ store });
    setBroken(true);
    const late = problemOf(replica.submit(runStarted('r1', { commandId: 'once' })));
    await applying;
    await Promise.resolve();
    clock.advance(limits.barrierWaitMs);
    expect((await late).code).toBe('unavailable');
    setBroken(false);
    const repeat = replica.submit(runStarted('r1', { commandId: 'once' }));
    await Promise.resolve();
    release();
    await new Promise(setImmediate);
    clock.advance(limits.foldRetryMs);
    expect(await repeat).toMatchObject({ offset: 1, verdict: { accepted: true, changed: false, created: true } });
    await replica.stop();
  });

  test('for want of records that are trimmed away, it says so', async () => {
    const log = newLog();
    await append(log, runStarted('r1'), runStarted('r2'));
    await log.trim(CONTROL, 1);
    const { replica } = await started({ log });
    expect(replica.healthy()).toEqual({
      ok: false,
      error: 'The control log begins at offset 1, and the state is folded only below 0.',
    });
    await replica.stop();
  });

  test('at the start, the start fails', async () => {
    const log = newLog();
    await append(log, runStarted('r1'));
    const { store, setBroken } = brokenStore(() => Promise.reject(new Error('disk full')));
    setBroken(true);
    await expect(replicaOf({ log, store }).replica.start()).rejects.toThrow('disk full');
  });
});

test('after a stop nothing is folded or taken in any more, and what waited is told', async () => {
  const log = newLog();
  const held: EventLog = {
    ...log,
    read: () => Promise.resolve([]),
    waitPast: (at, _, signal) => log.waitPast(at, 99, signal),
  };
  const { replica } = await started({ log: held });
  const waiting = problemOf(replica.submit(runStarted('r1')));
  await new Promise(setImmediate);
  await replica.stop();
  expect((await waiting).detail).toContain('shutting down');
  expect((await problemOf(replica.submit(runStarted('r2')))).detail).toContain('shutting down');
  expect(log.head(CONTROL)).toBe(1);
});
