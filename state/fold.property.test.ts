/** Properties of the fold over any interleaving of commands with duplicates: same log, same state and same verdicts, everywhere. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeControlEvent, encodeControlEvent, type ControlEvent } from '../events/control-event.js';
import { event, uuidOf } from '../test/control-events.js';
import { decide } from './decide.js';
import { repeated } from './fold.js';
import { openLmdbStore } from './lmdb-store.js';
import { createMemoryStore } from './memory-store.js';
import type { BatchEntry, StateStore } from './store.js';
import type { Fact, OffsetFacts, Verdict } from './types.js';

// few names, so that commands meet; some of them are names that objects have of their own
const name = fc.constantFrom('a', 'b', '__proto__', 'constructor');
const workspace = fc.constantFrom('w1', 'w2');
const value = fc.constantFrom('1', '2');
const step = fc.integer({ min: -3, max: 12 });
const uuid = fc.nat(30).map((n) => uuidOf(String(n)));
const dictionary = <V>(values: fc.Arbitrary<V>) =>
  fc
    .uniqueArray(fc.tuple(name, values), { selector: ([key]) => key, maxLength: 3 })
    .map(
      (entries) =>
        JSON.parse(`{${entries.map(([k, v]) => `"${k}":${JSON.stringify(v)}`).join(',')}}`) as Record<string, V>,
    );
const optional = <V>(of: fc.Arbitrary<V>) => fc.option(of, { nil: undefined });
const experimentId = fc.constantFrom(...['a', 'b', '__proto__', 'constructor', 'x'].map(uuidOf));
const key = fc.constantFrom('aaaaaaaa', 'bbbbbbbb');

const started = fc
  .record({
    workspace,
    run: name,
    experiment: name,
    uuid,
    parent: optional(name),
    fork: optional(fc.record({ run: name, step })),
    params: optional(dictionary(value)),
    tags: optional(dictionary(value)),
    context: optional(dictionary(fc.constantFrom<unknown>(1, { a: [null] }))),
  })
  .map((fields) => event('RunStarted', { ...fields, experimentId: uuidOf(fields.experiment) }));

const ofRun = { workspace, run: name };
const command: fc.Arbitrary<ControlEvent> = fc.oneof(
  { weight: 6, arbitrary: started },
  {
    weight: 3,
    arbitrary: fc
      .record({ ...ofRun, params: dictionary(value), overwrite: fc.boolean() })
      .map((f) => event('ParamsSet', f)),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        ...ofRun,
        tags: optional(dictionary(fc.constantFrom('1', '2', null))),
        archived: optional(fc.boolean()),
      })
      .map((f) => event('RunUpdated', f)),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ ...ofRun, status: fc.constantFrom('completed' as const, 'failed' as const) })
      .map((f) => event('RunFinished', f)),
  },
  fc.record({ ...ofRun, lastSeenAt: fc.constant(5) }).map((f) => event('RunCrashed', f)),
  fc.record(ofRun).map((f) => event('RunRevived', f)),
  { weight: 2, arbitrary: fc.record({ ...ofRun, step }).map((f) => event('RunRewound', f)) },
  fc.record(ofRun).map((f) => event('RunDeleted', f)),
  fc.record(ofRun).map((f) => event('RunRestored', f)),
  fc.record({ workspace, name, experiment: experimentId }).map((f) => event('ExperimentCreated', f)),
  fc.record({ workspace, name, experiment: experimentId }).map((f) => event('ExperimentRenamed', f)),
  fc.record({ workspace, experiment: experimentId }).map((f) => event('ExperimentDeleted', f)),
  fc.record({ workspace, experiment: experimentId }).map((f) => event('ExperimentRestored', f)),
  fc
    .record({ workspace, key, name: fc.constant('k'), scope: fc.constant('read' as const) })
    .map((f) => event('KeyCreated', { ...f, secretHash: '0'.repeat(64) })),
  fc.record({ workspace, key }).map((f) => event('KeyRevoked', f)),
  fc.record({ workspace, generation: fc.integer({ min: 2, max: 9 }) }).map((f) => event('TablesSwitched', f)),
  fc
    .record({ workspace, offset: fc.nat(3), retriedAs: fc.nat(9) })
    .map((f) => event('DeadLetterRetried', { ...f, topic: 'metrics', partition: 0 })),
);

/** A log: command ids from a small pool, so that some come again, with the same body or with another. */
const log: fc.Arbitrary<ControlEvent[]> = fc
  .array(fc.tuple(command, fc.nat(60), fc.boolean()), { minLength: 1, maxLength: 60 })
  .map((commands) =>
    commands.map(([event, pick, same], at) => {
      const [earlier] = commands[pick % commands.length] ?? [event];
      return { ...(same ? earlier : event), commandId: `c${String(pick)}`, at };
    }),
  );

const entries = (events: readonly ControlEvent[]): BatchEntry[] => events.map((event, offset) => ({ offset, event }));

async function foldedOneByOne(events: readonly ControlEvent[], store = createMemoryStore('e')) {
  const facts: OffsetFacts[] = [];
  for (const entry of entries(events)) facts.push(...(await store.apply([entry], false)));
  return { store, facts };
}

const verdictsOf = (facts: readonly OffsetFacts[]): Verdict[] =>
  facts.flatMap(({ facts }) => facts.flatMap((fact) => (fact.type === 'EventJudged' ? [fact.verdict] : [])));

/** Objects with and without a prototype are the same state. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('two instances come to the same state and verdicts, whatever their stores, batches and restarts', async () => {
  const root = mkdtempSync(path.join(tmpdir(), 'runlog-fold-'));
  let stores = 0;
  try {
    await fc.assert(
      fc.asyncProperty(log, fc.array(fc.integer({ min: 1, max: 20 })), fc.nat(60), async (events, sizes, restartAt) => {
        const one = await foldedOneByOne(events);

        const dir = path.join(root, String(++stores));
        let store = await openLmdbStore(dir, 'e');
        const facts: OffsetFacts[] = [];
        const rest = entries(events);
        for (let i = 0; rest.length > 0; i++) {
          // through the bytes of the log, as it is in life
          const batch = rest.splice(0, sizes[i] ?? 7).map(({ offset, event }) => {
            const decoded = event === undefined ? undefined : decodeControlEvent(encodeControlEvent(event));
            if (decoded?.ok !== true) throw new Error('the test made an event that is none');
            return { offset, event: decoded.value };
          });
          facts.push(...(await store.apply(batch, false)));
          if (i === restartAt % 5) {
            await store.close();
            store = await openLmdbStore(dir, 'e');
          }
        }
        expect(plain(store.dump())).toEqual(plain(one.store.dump()));
        expect(plain(facts)).toEqual(plain(one.facts));
        await store.close();
        rmSync(dir, { recursive: true });
      }),
      { numRuns: 60 },
    );
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('decide says what the fold will say', async () => {
  await fc.assert(
    fc.asyncProperty(log, async (events) => {
      const store = createMemoryStore('e');
      for (const entry of entries(events)) {
        const decided = entry.event && decide(store, entry.event);
        const [facts] = await store.apply([entry], false);
        expect([decided]).toEqual(verdictsOf(facts === undefined ? [] : [facts]));
      }
    }),
  );
});

test('a command that comes again gets its first answer and changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(log, async (events) => {
      const { store, facts } = await foldedOneByOne(events);
      const verdicts = verdictsOf(facts);
      const first = new Map<string, Verdict>();
      const unique = events.filter(({ commandId }, i) => {
        const before = first.get(commandId);
        if (before === undefined) {
          first.set(commandId, verdicts[i] as Verdict);
          return true;
        }
        expect(verdicts[i]).toEqual(repeated(before));
        return false;
      });
      const once = await foldedOneByOne(unique);
      const tables = (of: StateStore) => of.dump().filter(({ table }) => !/verdict|meta/.test(table));
      expect(tables(store)).toEqual(tables(once.store));
    }),
  );
});

test('what is refused, or accepted without a change, leaves the state as it was', async () => {
  const known = (store: StateStore) => store.dump().filter(({ table }) => !/verdict|meta/.test(table));
  await fc.assert(
    fc.asyncProperty(log, async (events) => {
      const store = createMemoryStore('e');
      for (const entry of entries(events)) {
        const before = known(store);
        const facts = await store.apply([entry], false);
        const changed = verdictsOf(facts).some((verdict) => verdict.accepted && verdict.changed);
        if (changed) expect(known(store)).not.toEqual(before);
        else expect(known(store)).toEqual(before);
        expect(facts[0]?.facts.length === 1).toBe(!changed);
      }
    }),
  );
});

test('the facts alone, in order, make up the state: runs, experiments, parameters, tags and keys', async () => {
  await fc.assert(
    fc.asyncProperty(log, async (events) => {
      const { store, facts } = await foldedOneByOne(events);
      const { runs, experiments, params, tags, keys } = projected(facts.flatMap(({ facts }) => facts));
      const rows = (table: string) => store.dump().filter((row) => row.table === table);
      const ids = (table: string) => rows(table).map(({ item, group }) => `${group}/${String(item)}`);
      expect([...experiments.keys()].sort()).toEqual(ids('experiments').sort());
      for (const one of experiments.values()) expect(store.experiment(one.workspace, one.id)).toEqual(one);
      expect([...runs.keys()].sort()).toEqual(rows('runIds').map(({ group }) => group));
      for (const [uuid, run] of runs) {
        expect(store.runByUuid(uuid)).toEqual(run);
        expect(new Map(Object.entries(run.tags))).toEqual(tags.get(uuid) ?? new Map());
        expect(new Map(Object.entries(store.params(uuid)))).toEqual(params.get(uuid) ?? new Map());
      }
      for (const key of keys.values()) expect(store.key(key.key)).toEqual(key);
      expect(keys.size).toBe(rows('keys').length);
    }),
  );
});

test('names of experiments are unique per workspace, and every open run is found', async () => {
  await fc.assert(
    fc.asyncProperty(log, async (events) => {
      const { store } = await foldedOneByOne(events);
      for (const workspace of ['w1', 'w2']) {
        const experiments = store.experiments(workspace);
        expect(new Set(experiments.map(({ name }) => name)).size).toBe(experiments.length);
        for (const one of experiments) expect(store.experimentByName(workspace, one.name)).toEqual(one);
      }
      const runs = store.dump().filter(({ table }) => table === 'runs');
      const open = runs
        .map(({ group, item }) => store.run(group, String(item)))
        .filter((run) => run?.deleted === false && ['running', 'crashed'].includes(run.status));
      expect(Array.from(store.openRuns(), ({ uuid }) => uuid).sort()).toEqual(open.map((run) => run?.uuid).sort());
      // the index holds no other runs: it must not grow with those that ended
      expect(store.dump().filter(({ table }) => table === 'openRuns')).toHaveLength(open.length);
    }),
  );
});

/** The facts as a projector would write them down: the last one of each thing wins. */
function projected(facts: readonly Fact[]) {
  const of = <T extends Fact['type']>(type: T) =>
    facts.filter((fact): fact is Extract<Fact, { type: T }> => fact.type === type);
  const params = new Map<string, Map<string, string>>();
  for (const { run, key, value } of of('ParamSet')) {
    params.set(run, (params.get(run) ?? new Map<string, string>()).set(key, value));
  }
  const tags = new Map<string, Map<string, string>>();
  for (const { run, key, value } of of('TagSet')) {
    const ofRun = tags.get(run) ?? new Map<string, string>();
    tags.set(run, ofRun);
    if (value === null) ofRun.delete(key);
    else ofRun.set(key, value);
  }
  return {
    params,
    tags,
    runs: new Map(of('RunChanged').map(({ run }) => [run.uuid, run])),
    experiments: new Map(
      of('ExperimentChanged').map((f) => [`${f.experiment.workspace}/${f.experiment.id}`, f.experiment]),
    ),
    keys: new Map(of('KeyChanged').map(({ key }) => [key.key, key])),
  };
}
