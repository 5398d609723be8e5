/** The contract of the state store, run on the one in memory and the one on LMDB alike. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ControlEvent } from '../events/control-event.js';
import { event, experimentCreated, keyCreated, runStarted, uuidOf } from '../test/control-events.js';
import { VERDICTS_REMEMBERED } from './fold.js';
import { openLmdbStore } from './lmdb-store.js';
import { createMemoryStore } from './memory-store.js';
import type { BatchEntry, StateStore } from './store.js';

const batch = (events: readonly ControlEvent[], from = 0): BatchEntry[] =>
  events.map((event, i) => ({ offset: from + i, event }));

let dir = '';
let opened: StateStore[] = [];

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'runlog-state-'));
});

afterEach(async () => {
  for (const store of opened) await store.close();
  opened = [];
  rmSync(dir, { recursive: true, force: true });
});

async function openOnDisk(epoch?: string): Promise<StateStore> {
  const store = await openLmdbStore(path.join(dir, 'state'), epoch);
  opened.push(store);
  return store;
}

async function reopened(store: StateStore, epoch?: string): Promise<StateStore> {
  await store.close();
  opened = opened.filter((other) => other !== store);
  return openOnDisk(epoch);
}

const kinds = [
  { kind: 'in memory', open: (epoch?: string) => Promise.resolve(createMemoryStore(epoch)) },
  { kind: 'on LMDB', open: openOnDisk },
];

describe.each(kinds)('a store $kind', ({ open }) => {
  test('is empty at first', async () => {
    const store = await open('e1');
    expect(store.folded()).toBe(-1);
    expect(store.epoch()).toBe('e1');
    expect(store.hasKeys()).toBe(false);
    expect([...store.openRuns()]).toEqual([]);
    expect(store.experiments('default')).toEqual([]);
    expect(store.pendingFacts()).toEqual([]);
    expect(store.dump()).toEqual([]);
  });

  test('shows a batch as soon as it is applied, later events of a batch see the earlier ones', async () => {
    const store = await open('e1');
    const [first, second] = await store.apply(
      batch([
        runStarted('r1', { params: { lr: '1' }, context: { git: 'abc' } }),
        event('RunUpdated', { run: 'r1', name: 'n' }),
      ]),
      false,
    );
    expect(store.folded()).toBe(1);
    expect(store.run('default', 'r1')).toMatchObject({ name: 'n', context: { git: 'abc' } });
    expect(store.param(uuidOf('default/r1'), 'lr')).toBe('1');
    expect(first?.facts.map(({ type }) => type)).toEqual([
      'ExperimentChanged',
      'RunChanged',
      'ParamSet',
      'EventJudged',
    ]);
    expect(second).toMatchObject({ offset: 1, facts: [{ type: 'RunChanged' }, { type: 'EventJudged' }] });
  });

  test('remembers the verdict on a command with the offset that it was given at', async () => {
    const store = await open('e1');
    await store.apply(batch([runStarted('r1', { commandId: 'c1' })], 7), false);
    expect(store.verdict('c1')).toEqual({
      offset: 7,
      verdict: { accepted: true, changed: true, created: true, subject: 'r1' },
    });
    expect(store.verdict('c2')).toBeUndefined();
  });

  test('passes the offset of a record that is no event, without facts', async () => {
    const store = await open('e1');
    const facts = await store.apply([{ offset: 0, event: undefined }, ...batch([runStarted('r1')], 1)], true);
    expect(facts.map(({ offset }) => offset)).toEqual([1]);
    await store.apply([{ offset: 2, event: undefined }], true);
    expect(store.folded()).toBe(2);
    expect(store.pendingFacts()).toEqual(facts);
  });

  test('refuses an offset that is folded already, and applies nothing of that batch', async () => {
    const store = await open('e1');
    await store.apply(batch([runStarted('r1')], 3), false);
    await expect(store.apply(batch([runStarted('r2')], 3), false)).rejects.toThrow(RangeError);
    const doubled = [...batch([runStarted('r3')], 4), ...batch([runStarted('r4')], 4)];
    await expect(store.apply(doubled, false)).rejects.toThrow(RangeError);
    expect(store.folded()).toBe(3);
    expect(store.run('default', 'r2')).toBeUndefined();
    expect(store.run('default', 'r3')).toBeUndefined();
    await store.apply(batch([runStarted('r5')], 4), false);
    expect(store.folded()).toBe(4);
  });

  test('keeps facts until they are dropped, when it is asked to', async () => {
    const store = await open('e1');
    const odd = JSON.parse('{"__proto__":"1"}') as Record<string, string>;
    const first = await store.apply(batch([runStarted('r1', { tags: odd }), runStarted('r2')]), true);
    await store.apply(batch([runStarted('r3')], 2), false);
    const last = await store.apply(batch([runStarted('r4')], 300), true);
    expect(store.pendingFacts()).toEqual([...first, ...last]);
    await store.dropFactsThrough(0);
    expect(store.pendingFacts()).toEqual([...first.slice(1), ...last]);
    await store.dropFactsThrough(300);
    expect(store.pendingFacts()).toEqual([]);
  });

  test('forgets the verdicts that nothing can be answered with, and only those', async () => {
    const store = await open('e1');
    const last = VERDICTS_REMEMBERED + 1;
    const events = ['a', 'b', 'c', 'd'].map((commandId) => experimentCreated(commandId));
    const [a, b, c, d] = events.map((event, i) => ({ ...event, commandId: `c${String(i)}` }));
    await store.apply(batch([a, b, c].flatMap((event) => event ?? [])), false);
    await store.apply([{ offset: last, event: d }], false);
    expect(['c0', 'c1', 'c2', 'c3'].map((id) => store.verdict(id)?.offset)).toEqual([undefined, undefined, 2, last]);
    expect(store.dump().filter(({ table }) => table === 'verdictOffsets')).toHaveLength(2);
  });

  test('keeps the newer verdict of a command that came again after it was forgotten', async () => {
    const store = await open('e1');
    const later = VERDICTS_REMEMBERED + 1;
    const again = { ...experimentCreated('a'), commandId: 'once' };
    await store.apply(
      [
        { offset: 0, event: again },
        { offset: later, event: again },
      ],
      false,
    );
    expect(store.verdict('once')).toMatchObject({ offset: later, verdict: { reason: 'experiment_name_taken' } });
    await store.apply([{ offset: later + 1, event: experimentCreated('b') }], false);
    expect(store.verdict('once')?.offset).toBe(later);
  });

  test('holds the longest names there are', async () => {
    const store = await open('e1');
    const [key, tag] = ['π'.repeat(512), '😀'.repeat(256)];
    const run = '中'.repeat(243);
    const experiment = 'ü'.repeat(250);
    const workspace = 'w'.repeat(100);
    const commandId = 'c'.repeat(200);
    const started = runStarted(run, { workspace, experiment, commandId, params: { [key]: 'v' }, tags: { [tag]: 'v' } });
    await store.apply(batch([started]), true);
    expect(store.run(workspace, run)?.tags).toEqual({ [tag]: 'v' });
    expect(store.param(uuidOf(`${workspace}/${run}`), key)).toBe('v');
    expect(store.params(uuidOf(`${workspace}/${run}`))).toEqual({ [key]: 'v' });
    expect(store.experimentByName(workspace, experiment)?.name).toBe(experiment);
    expect(store.verdict(commandId)?.offset).toBe(0);
  });

  test('finds nothing in tags, parameters and context under names that objects have of their own', async () => {
    const store = await open('e1');
    await store.apply(batch([runStarted('r1', { params: { a: '1' }, tags: { a: '1' }, context: { a: 1 } })]), false);
    const run = store.run('default', 'r1');
    for (const name of ['constructor', '__proto__', 'toString']) {
      expect([run?.tags[name], run?.context[name], store.params(run?.uuid ?? '')[name]]).toEqual(
        Array(3).fill(undefined),
      );
    }
  });

  test('tells names apart that begin alike, and groups that end alike', async () => {
    const store = await open('e1');
    const names = ['a', 'ab', 'a/b', 'a b', 'A', '1', '01', '1.0', '-', '~', 'é', 'é'];
    await store.apply(batch(names.flatMap((name) => [runStarted(name), runStarted('r', { workspace: 'ab' })])), false);
    for (const name of names) expect(store.run('default', name)?.id).toBe(name);
    await store.apply(batch([keyCreated('abcdefgh', 'a'), keyCreated('abcdefgi', 'ab')], 100), false);
    expect(store.keys('a').map(({ key }) => key)).toEqual(['abcdefgh']);
    expect(store.experiments('default')).toHaveLength(1);
    expect(store.experiments('a')).toEqual([]);
  });

  test('is emptied for the log of another epoch, and not for its own', async () => {
    const store = await open('e1');
    await store.apply(batch([runStarted('r1')]), true);
    await store.table('own').write([['k', 1]], []);
    await store.setEpoch('e1');
    expect(store.folded()).toBe(0);
    await store.setEpoch('e2');
    expect(store.epoch()).toBe('e2');
    expect(store.folded()).toBe(-1);
    expect(store.dump()).toEqual([]);
    expect(store.pendingFacts()).toEqual([]);
    expect(store.table('own').get('k')).toBeUndefined();
    await store.apply(batch([runStarted('r1')]), false);
    expect(store.run('default', 'r1')).toBeDefined();
  });

  test('can be emptied within its epoch', async () => {
    const store = await open('e1');
    await store.apply(batch([runStarted('r1')]), true);
    await store.empty();
    expect([store.epoch(), store.folded(), store.dump()]).toEqual(['e1', -1, []]);
  });

  describe('own tables', () => {
    test('get, list by prefix in the order of bytes, replace and remove', async () => {
      const table = (await open('e1')).table('seen');
      const entries: [string, unknown][] = [
        ['b/2', { seq: [1, null, 'x'] }],
        ['a', 'A'],
        ['b/10', 1.5],
        ['b/é', true],
        ['b', 0],
        ['b/😀', false],
        ['b/\uffee', 7],
        ['c', null],
      ];
      await table.write(entries, []);
      expect([...table.range('')].map(([key]) => key)).toEqual([
        'a',
        'b',
        'b/10',
        'b/2',
        'b/é',
        'b/\uffee',
        'b/😀',
        'c',
      ]);
      expect([...table.range('b/1')]).toEqual([['b/10', 1.5]]);
      expect([...table.range('nothing')]).toEqual([]);
      await table.write([['b/2', 'new']], ['b/10', 'never there']);
      expect(table.get('b/2')).toBe('new');
      expect(table.get('b/10')).toBeUndefined();
      expect(table.get('c')).toBeNull();
    });

    test('do not see each other or the state', async () => {
      const store = await open('e1');
      await store.table('a').write([['k', 1]], []);
      await store.table('ab').write([['k', 2]], []);
      expect([...store.table('a').range('')]).toEqual([['k', 1]]);
      expect(store.dump()).toEqual([]);
    });

    test.each([
      ['NaN', { a: [Number.NaN] }, TypeError],
      ['infinity', Number.POSITIVE_INFINITY, TypeError],
      ['undefined', { a: undefined }, TypeError],
      ['a typed array', new Float64Array(1), TypeError],
    ])('refuse %s, and then write nothing', async (_name, value, error) => {
      const table = (await open('e1')).table('t');
      await expect(
        table.write(
          [
            ['good', 1],
            ['bad', value],
          ],
          [],
        ),
      ).rejects.toThrow(error);
      expect([...table.range('')]).toEqual([]);
    });

    test('refuse a key that is too long, and then write nothing', async () => {
      const table = (await open('e1')).table('t');
      const long = 'é'.repeat(951);
      await expect(
        table.write(
          [
            ['good', 1],
            [long, 1],
          ],
          [],
        ),
      ).rejects.toThrow(RangeError);
      await expect(table.write([['good', 1]], [long])).rejects.toThrow(RangeError);
      expect([...table.range('')]).toEqual([]);
      await table.write([['é'.repeat(950), 1]], []);
      expect([...table.range('')]).toHaveLength(1);
    });

    test('give back __proto__ as a key like any other', async () => {
      const table = (await open('e1')).table('t');
      const value: unknown = JSON.parse('{"__proto__":{"a":1}}');
      await table.write([['__proto__', value]], []);
      expect(JSON.stringify(table.get('__proto__'))).toBe('{"__proto__":{"a":1}}');
    });
  });
});

describe('a store on LMDB that is opened again', () => {
  test('is as it was, down to the last row', async () => {
    const store = await openOnDisk('e1');
    await store.apply(
      batch([runStarted('r1', { params: { lr: '1' }, context: { a: 1 } }), keyCreated('abcdefgh')]),
      true,
    );
    await store.table('own').write([['k', [1]]], []);
    const before = { dump: store.dump(), facts: store.pendingFacts() };
    const again = await reopened(store, 'e1');
    expect({ dump: again.dump(), facts: again.pendingFacts() }).toEqual(before);
    expect(again.table('own').get('k')).toEqual([1]);
    expect(again.run('default', 'r1')?.context).toEqual({ a: 1 });
  });

  test('is emptied when the log is another', async () => {
    const store = await openOnDisk('e1');
    await store.apply(batch([runStarted('r1')]), false);
    const again = await reopened(store, 'e2');
    expect([again.epoch(), again.folded(), again.dump()]).toEqual(['e2', -1, []]);
  });

  test('is left alone when a newer version wrote it', async () => {
    const store = await openOnDisk('e1');
    await store.close();
    opened = [];
    const { open } = await import('lmdb');
    const raw = open<string>({ path: path.join(dir, 'state'), noSubdir: false, encoding: 'string' });
    await raw.put(['meta', '', 'format'], '2');
    await raw.close();
    await expect(openLmdbStore(path.join(dir, 'state'), 'e1')).rejects.toThrow(/newer version of Runlog/);
  });

  test('does not take a batch while another is being applied', async () => {
    const store = await openOnDisk('e1');
    const first = store.apply(batch([runStarted('r1')]), false);
    await expect(store.apply(batch([runStarted('r2')], 1), false)).rejects.toThrow(/being applied already/);
    await first;
    expect(store.folded()).toBe(0);
  });
});
