/** Tests of what accepted commands make of experiments, runs and keys, and of the facts that come out of them. */
import { describe, expect, test } from 'vitest';
import type { ControlEvent } from '../events/control-event.js';
import { event, experimentCreated, experimentId, keyCreated, runStarted, uuidOf } from '../test/control-events.js';
import { createMemoryStore } from './memory-store.js';
import type { Fact } from './types.js';

const uuid = (run: string) => uuidOf(`default/${run}`);

/** Folds the events and gives the state with the facts of the last of them. */
async function told(...events: readonly ControlEvent[]) {
  const state = createMemoryStore('test');
  const all = await state.apply(
    events.map((event, offset) => ({ offset, event })),
    false,
  );
  const facts = all.at(-1)?.facts ?? [];
  const judged = facts.at(-1);
  const verdict = judged?.type === 'EventJudged' ? judged.verdict : undefined;
  const run = (id: string) => {
    const found = state.run('default', id);
    if (found === undefined) throw new Error(`no run ${id}`);
    return found;
  };
  return { state, facts, types: facts.map((fact: Fact) => fact.type), verdict, run };
}

describe('a new run', () => {
  test('has what it was given and brings its experiment into being', async () => {
    const { state, facts, verdict, run } = await told(
      runStarted('r1', {
        at: 50,
        name: 'first',
        group: 'sweep',
        jobType: 'train',
        parent: 'not-there-yet',
        params: { lr: '0.1', width: '64' },
        tags: { team: 'nlp' },
        context: { git: { commit: 'abc' }, packages: ['numpy'] },
        startedAt: 40,
      }),
    );
    const experiment = { workspace: 'default', id: experimentId('exp'), name: 'exp', createdAt: 50, deleted: false };
    expect(state.experimentByName('default', 'exp')).toEqual(experiment);
    expect(run('r1')).toEqual({
      workspace: 'default',
      id: 'r1',
      uuid: uuid('r1'),
      experiment: experimentId('exp'),
      name: 'first',
      group: 'sweep',
      jobType: 'train',
      parent: 'not-there-yet',
      notes: '',
      status: 'running',
      reason: '',
      tags: { team: 'nlp' },
      context: { git: { commit: 'abc' }, packages: ['numpy'] },
      generation: 0,
      segments: [],
      createdAt: 50,
      startedAt: 40,
      endedAt: 0,
      archived: false,
      deleted: false,
    });
    expect(state.runByUuid(uuid('r1'))).toEqual(run('r1'));
    expect(state.params(uuid('r1'))).toEqual({ lr: '0.1', width: '64' });
    expect(verdict).toEqual({ accepted: true, changed: true, created: true, subject: 'r1' });
    const of = { workspace: 'default', run: uuid('r1'), experiment: experimentId('exp') };
    expect(facts.slice(0, -1)).toEqual([
      { type: 'ExperimentChanged', experiment },
      { type: 'RunChanged', run: run('r1') },
      { type: 'ParamSet', ...of, key: 'lr', value: '0.1' },
      { type: 'ParamSet', ...of, key: 'width', value: '64' },
      { type: 'TagSet', ...of, key: 'team', value: 'nlp' },
    ]);
  });

  test('starts when the command was taken in unless it says when', async () => {
    const { run } = await told(runStarted('r1', { at: 77 }));
    expect(run('r1')).toMatchObject({ createdAt: 77, startedAt: 77 });
  });

  test('joins the experiment of its name, whatever id the edge made for a new one', async () => {
    const { types, run } = await told(experimentCreated('exp'), runStarted('r1', { experimentId: uuidOf('unused') }));
    expect(run('r1').experiment).toBe(experimentId('exp'));
    expect(types).toEqual(['RunChanged', 'EventJudged']);
  });

  test('may have the id of a run of another workspace', async () => {
    const { state, verdict } = await told(runStarted('r1'), runStarted('r1', { workspace: 'theirs' }));
    expect(verdict).toMatchObject({ created: true });
    expect(state.run('theirs', 'r1')?.uuid).not.toBe(state.run('default', 'r1')?.uuid);
    expect(state.experiments('theirs')).toHaveLength(1);
  });
});

describe('a repeated create', () => {
  test('adds parameters and tags that are new, and leaves everything else', async () => {
    const { state, types, verdict, run } = await told(
      runStarted('r1', { name: 'first', params: { lr: '1' }, tags: { a: '1', b: '1' } }),
      runStarted('r1', { uuid: uuidOf('x'), name: 'second', params: { lr: '1', new: '2' }, tags: { b: '2', c: '3' } }),
    );
    expect(verdict).toEqual({ accepted: true, changed: true, created: false, subject: 'r1' });
    expect(types).toEqual(['RunChanged', 'ParamSet', 'TagSet', 'TagSet', 'EventJudged']);
    expect(run('r1')).toMatchObject({ name: 'first', uuid: uuid('r1'), tags: { a: '1', b: '2', c: '3' } });
    expect(state.params(uuid('r1'))).toEqual({ lr: '1', new: '2' });
    expect(state.runByUuid(uuidOf('x'))).toBeUndefined();
  });

  test('applies nothing when one parameter conflicts', async () => {
    const { state, run } = await told(
      runStarted('r1', { params: { lr: '1' } }),
      runStarted('r1', { params: { before: '1', lr: '2', after: '1' }, tags: { t: 'x' } }),
    );
    expect(state.params(uuid('r1'))).toEqual({ lr: '1' });
    expect(run('r1').tags).toEqual({});
  });

  test('does not bring a finished run back to running', async () => {
    const finished = event('RunFinished', { run: 'r1', status: 'failed', reason: 'out of memory' });
    const { run, verdict } = await told(runStarted('r1'), finished, runStarted('r1', { tags: { t: 'x' } }));
    expect(verdict).toMatchObject({ accepted: true, changed: true });
    expect(run('r1')).toMatchObject({ status: 'failed', reason: 'out of memory', tags: { t: 'x' } });
  });

  test('in another experiment that does not exist does not create that experiment', async () => {
    const { state } = await told(runStarted('r1'), runStarted('r1', { experiment: 'new' }));
    expect(state.experimentByName('default', 'new')).toBeUndefined();
  });
});

describe('names that objects have of their own', () => {
  const odd = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
  const oddParams = () => JSON.parse(`{${odd.map((key) => `"${key}":"1"`).join(',')}}`) as Record<string, string>;

  test('are unset before they are set, and parameters and tags like any other after', async () => {
    const before = await told(runStarted('r1'));
    const after = await told(
      runStarted('r1'),
      event('ParamsSet', { run: 'r1', params: oddParams(), overwrite: false }),
    );
    const tagged = await told(runStarted('r1'), event('RunUpdated', { run: 'r1', tags: oddParams() }));
    for (const key of odd) {
      expect(before.state.param(uuid('r1'), key)).toBeUndefined();
      expect(before.run('r1').tags[key]).toBeUndefined();
      expect(before.state.params(uuid('r1'))[key]).toBeUndefined();
      expect(after.state.param(uuid('r1'), key)).toBe('1');
      expect(after.state.params(uuid('r1'))[key]).toBe('1');
      expect(tagged.run('r1').tags[key]).toBe('1');
    }
    expect(after.types.filter((type) => type === 'ParamSet')).toHaveLength(odd.length);
  });

  test('are good ids of workspaces, runs and experiments', async () => {
    const { state } = await told(runStarted('__proto__', { workspace: 'constructor', experiment: 'toString' }));
    expect(state.run('constructor', '__proto__')?.id).toBe('__proto__');
    expect(state.run('constructor', 'toString')).toBeUndefined();
    expect(state.run('toString', '__proto__')).toBeUndefined();
    expect(state.experimentByName('constructor', 'toString')?.name).toBe('toString');
    expect(state.experimentByName('constructor', '__proto__')).toBeUndefined();
  });
});

describe('parameters', () => {
  test('are overwritten when that is asked for, and the fact says what was there', async () => {
    const { state, facts } = await told(
      runStarted('r1', { params: { lr: '1', same: '1' } }),
      event('ParamsSet', { run: 'r1', params: { lr: '2', same: '1', new: '3' }, overwrite: true }),
    );
    const of = { type: 'ParamSet', workspace: 'default', run: uuid('r1'), experiment: experimentId('exp') };
    expect(facts.slice(0, -1)).toEqual([
      { ...of, key: 'lr', value: '2', before: '1' },
      { ...of, key: 'new', value: '3' },
    ]);
    expect(state.params(uuid('r1'))).toEqual({ lr: '2', same: '1', new: '3' });
  });

  test('may be set after the end of the run', async () => {
    const finished = event('RunFinished', { run: 'r1', status: 'completed' });
    const late = event('ParamsSet', { run: 'r1', params: { best: '3' }, overwrite: false });
    const { verdict } = await told(runStarted('r1'), finished, late);
    expect(verdict).toEqual({ accepted: true, changed: true, subject: 'r1' });
  });

  test('of 64 KiB are named by their beginning in a conflict', async () => {
    const { verdict } = await told(
      runStarted('r1', { params: { p: 'x'.repeat(199) + '😀'.repeat(10_000) } }),
      event('ParamsSet', { run: 'r1', params: { p: 'y' }, overwrite: false }),
    );
    const detail = verdict?.accepted === false ? verdict.detail : '';
    expect(detail.length).toBeLessThan(400);
    expect(detail.isWellFormed()).toBe(true);
    expect(detail).not.toContain('\\ud83d');
  });
});

describe('an update', () => {
  test('changes name, notes, archived and tags, and removes the tags given as null', async () => {
    const { run, facts } = await told(
      runStarted('r1', { tags: { keep: '1', change: '1', drop: '1' } }),
      event('RunUpdated', {
        run: 'r1',
        name: 'n',
        notes: 'a\nb',
        archived: true,
        tags: { change: '2', drop: null, none: null, keep: '1' },
      }),
    );
    expect(run('r1')).toMatchObject({ name: 'n', notes: 'a\nb', archived: true });
    expect(run('r1').tags).toEqual({ keep: '1', change: '2' });
    const of = { type: 'TagSet', workspace: 'default', run: uuid('r1'), experiment: experimentId('exp') };
    expect(facts.slice(0, -1)).toEqual([
      { type: 'RunChanged', run: run('r1') },
      { ...of, key: 'change', value: '2' },
      { ...of, key: 'drop', value: null },
    ]);
  });
});

describe('the end of a run', () => {
  test('has a time and a reason', async () => {
    const { run } = await told(
      runStarted('r1'),
      event('RunFinished', { run: 'r1', status: 'failed', reason: 'NaN loss', endedAt: 900, at: 1000 }),
    );
    expect(run('r1')).toMatchObject({ status: 'failed', reason: 'NaN loss', endedAt: 900 });
  });

  test('is when the command was taken in unless it says when', async () => {
    const { run } = await told(runStarted('r1'), event('RunFinished', { run: 'r1', status: 'killed', at: 1234 }));
    expect(run('r1')).toMatchObject({ status: 'killed', reason: '', endedAt: 1234 });
  });

  test('comes to a crashed run too', async () => {
    const { run } = await told(
      runStarted('r1'),
      event('RunCrashed', { run: 'r1', lastSeenAt: 700 }),
      event('RunFinished', { run: 'r1', status: 'completed', endedAt: 800 }),
    );
    expect(run('r1')).toMatchObject({ status: 'completed', endedAt: 800 });
  });

  test('of a crashed run is when it was last seen, until it is revived', async () => {
    const crash = event('RunCrashed', { run: 'r1', lastSeenAt: 700 });
    expect((await told(runStarted('r1'), crash)).run('r1')).toMatchObject({ status: 'crashed', endedAt: 700 });
    const { run, types } = await told(runStarted('r1'), crash, event('RunRevived', { run: 'r1' }));
    expect(run('r1')).toMatchObject({ status: 'running', endedAt: 0 });
    expect(types).toEqual(['RunChanged', 'EventJudged']);
  });
});

describe('rewinds and forks', () => {
  const rewound = (run: string, step: number) => event('RunRewound', { run, step });

  test('a rewind starts a generation and keeps the points before its step', async () => {
    const { run } = await told(runStarted('r1'), rewound('r1', 10));
    expect(run('r1')).toMatchObject({ generation: 1, segments: [{ run: uuid('r1'), generation: 0, cut: 10 }] });
  });

  test('a rewind further back shortens the older generations too, one less far leaves them', async () => {
    const { run } = await told(runStarted('r1'), rewound('r1', 10), rewound('r1', 20), rewound('r1', 5));
    expect(run('r1')).toMatchObject({
      generation: 3,
      segments: [
        { run: uuid('r1'), generation: 0, cut: 5 },
        { run: uuid('r1'), generation: 1, cut: 5 },
        { run: uuid('r1'), generation: 2, cut: 5 },
      ],
    });
    const further = await told(runStarted('r1'), rewound('r1', 10), rewound('r1', 20));
    expect(further.run('r1').segments.map(({ cut }) => cut)).toEqual([10, 20]);
  });

  test('a fork inherits the points up to and with its step', async () => {
    const { run } = await told(runStarted('r0'), runStarted('r1', { fork: { run: 'r0', step: 9 } }));
    expect(run('r1')).toMatchObject({ generation: 0, segments: [{ run: uuid('r0'), generation: 0, cut: 10 }] });
  });

  test('a fork inherits what its source inherits, oldest first, and is fixed at the fork', async () => {
    const { run } = await told(
      runStarted('r0'),
      runStarted('r1', { fork: { run: 'r0', step: 4 } }),
      rewound('r1', 30),
      runStarted('r2', { fork: { run: 'r1', step: 20 } }),
      rewound('r1', 1),
      rewound('r0', 1),
    );
    expect(run('r2').segments).toEqual([
      { run: uuid('r0'), generation: 0, cut: 5 },
      { run: uuid('r1'), generation: 0, cut: 21 },
      { run: uuid('r1'), generation: 1, cut: 21 },
    ]);
  });

  test('a fork that is rewound cuts what it inherits', async () => {
    const { run } = await told(runStarted('r0'), runStarted('r1', { fork: { run: 'r0', step: 9 } }), rewound('r1', 3));
    expect(run('r1').segments).toEqual([
      { run: uuid('r0'), generation: 0, cut: 3 },
      { run: uuid('r1'), generation: 0, cut: 3 },
    ]);
  });
});

describe('deletion', () => {
  test('of a run is taken back by its restoration', async () => {
    const deleted = event('RunDeleted', { run: 'r1' });
    const gone = await told(runStarted('r1'), deleted);
    expect(gone.run('r1').deleted).toBe(true);
    expect(gone.facts[0]).toMatchObject({ type: 'RunChanged', run: { deleted: true } });
    const back = await told(runStarted('r1'), deleted, event('RunRestored', { run: 'r1' }));
    expect(back.run('r1')).toMatchObject({ deleted: false, status: 'running' });
  });

  test('of an experiment leaves its runs as they are, and they go on', async () => {
    const deleted = event('ExperimentDeleted', { experiment: experimentId('exp') });
    const { state, run, types } = await told(runStarted('r1'), deleted);
    expect(types).toEqual(['ExperimentChanged', 'EventJudged']);
    expect(run('r1').deleted).toBe(false);
    expect(state.experiment('default', experimentId('exp'))?.deleted).toBe(true);
    const finished = await told(runStarted('r1'), deleted, event('RunFinished', { run: 'r1', status: 'completed' }));
    expect(finished.run('r1').status).toBe('completed');
    const restored = event('ExperimentRestored', { experiment: experimentId('exp') });
    const again = await told(runStarted('r1'), deleted, restored, runStarted('r2'));
    expect(again.verdict).toMatchObject({ accepted: true, created: true });
  });
});

test('a rename moves the name and frees the old one', async () => {
  const renamed = event('ExperimentRenamed', { experiment: experimentId('exp'), name: 'folder/new' });
  const { state, facts } = await told(runStarted('r1'), renamed);
  expect(state.experimentByName('default', 'exp')).toBeUndefined();
  expect(state.experimentByName('default', 'folder/new')).toMatchObject({ id: experimentId('exp') });
  expect(facts[0]).toMatchObject({ type: 'ExperimentChanged', experiment: { name: 'folder/new' } });
  const reused = event('ExperimentCreated', { name: 'exp', experiment: uuidOf('new') });
  expect((await told(runStarted('r1'), renamed, reused)).verdict).toMatchObject({ accepted: true, created: true });
});

describe('keys', () => {
  test('are listed in their workspace, revoked ones too', async () => {
    const { state, facts } = await told(
      keyCreated('abcdefgh'),
      keyCreated('theirkey', 'theirs'),
      event('KeyRevoked', { key: 'abcdefgh' }),
    );
    const key = {
      key: 'abcdefgh',
      workspace: 'default',
      name: 'laptop',
      secretHash: 'a'.repeat(64),
      scope: 'write',
      createdAt: 1000,
      expiresAt: 0,
      revoked: true,
    };
    expect(state.keys('default')).toEqual([key]);
    expect(state.key('abcdefgh')).toEqual(key);
    expect(facts[0]).toEqual({ type: 'KeyChanged', key });
  });

  test('once made, there are keys, even when all are revoked', async () => {
    expect((await told(runStarted('r1'))).state.hasKeys()).toBe(false);
    const { state } = await told(keyCreated('abcdefgh'), event('KeyRevoked', { key: 'abcdefgh' }));
    expect(state.hasKeys()).toBe(true);
  });
});

test('open runs are those that run or crashed and are not deleted', async () => {
  const { state } = await told(
    ...['running', 'crashed', 'revived', 'finished', 'deleted', 'restored'].map((id) => runStarted(id)),
    event('RunCrashed', { run: 'crashed', lastSeenAt: 1 }),
    event('RunCrashed', { run: 'revived', lastSeenAt: 1 }),
    event('RunRevived', { run: 'revived' }),
    event('RunFinished', { run: 'finished', status: 'completed' }),
    event('RunDeleted', { run: 'deleted' }),
    event('RunDeleted', { run: 'restored' }),
    event('RunRestored', { run: 'restored' }),
  );
  expect(Array.from(state.openRuns(), ({ id }) => id).sort()).toEqual(['crashed', 'restored', 'revived', 'running']);
});
