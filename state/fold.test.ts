/** Tests of the fold's own part: command ids, what is remembered, the order of facts, and the rules as tables of stories. */
import { describe, expect, test } from 'vitest';
import type { ControlEvent } from '../events/control-event.js';
import { limits } from '../runtime/limits.js';
import { event, experimentCreated, experimentId, keyCreated, runStarted, uuidOf } from '../test/control-events.js';
import { decide } from './decide.js';
import { fold, VERDICTS_REMEMBERED } from './fold.js';
import { createMemoryStore } from './memory-store.js';
import type { StateStore } from './store.js';
import type { RefusalReason } from './types.js';

async function told(events: readonly ControlEvent[]): Promise<StateStore> {
  const store = createMemoryStore('test');
  await store.apply(
    events.map((event, offset) => ({ offset, event })),
    false,
  );
  return store;
}

const finished = (run: string, status: 'completed' | 'failed' | 'killed' = 'completed') =>
  event('RunFinished', { run, status });
const crashed = (run: string) => event('RunCrashed', { run, lastSeenAt: 700 });
const deleted = (run: string) => event('RunDeleted', { run });
const paramsSet = (run: string, params: Record<string, string>, overwrite = false) =>
  event('ParamsSet', { run, params, overwrite });
const experimentDeleted = (name: string) => event('ExperimentDeleted', { experiment: experimentId(name) });

interface Refusal {
  readonly name: string;
  readonly given: readonly ControlEvent[];
  readonly when: ControlEvent;
  readonly reason: RefusalReason;
  readonly field: string;
  readonly detail: string;
}

const refusals: readonly Refusal[] = [
  {
    name: 'an experiment whose name is taken',
    given: [experimentCreated('exp')],
    when: event('ExperimentCreated', { name: 'exp', experiment: uuidOf('other') }),
    reason: 'experiment_name_taken',
    field: 'name',
    detail: '"exp"',
  },
  {
    name: 'an experiment whose name a deleted one has',
    given: [experimentCreated('exp'), experimentDeleted('exp')],
    when: event('ExperimentCreated', { name: 'exp', experiment: uuidOf('other') }),
    reason: 'experiment_name_taken',
    field: 'name',
    detail: '"exp"',
  },
  {
    name: 'an experiment whose internal id is taken',
    given: [experimentCreated('exp')],
    when: event('ExperimentCreated', { name: 'new', experiment: experimentId('exp') }),
    reason: 'id_taken',
    field: 'experiment',
    detail: experimentId('exp'),
  },
  {
    name: 'a rename to a name that is taken',
    given: [experimentCreated('a'), experimentCreated('b')],
    when: event('ExperimentRenamed', { experiment: experimentId('a'), name: 'b' }),
    reason: 'experiment_name_taken',
    field: 'name',
    detail: '"b"',
  },
  {
    name: 'a rename of a deleted experiment',
    given: [experimentCreated('a'), experimentDeleted('a')],
    when: event('ExperimentRenamed', { experiment: experimentId('a'), name: 'c' }),
    reason: 'experiment_deleted',
    field: 'id',
    detail: '"a" is deleted',
  },
  {
    name: 'the deletion of an unknown experiment',
    given: [],
    when: experimentDeleted('none'),
    reason: 'unknown_experiment',
    field: 'id',
    detail: experimentId('none'),
  },
  {
    name: 'the deletion of an experiment of another workspace',
    given: [experimentCreated('a', 'theirs')],
    when: event('ExperimentDeleted', { experiment: experimentId('a', 'theirs') }),
    reason: 'unknown_experiment',
    field: 'id',
    detail: 'workspace default',
  },
  {
    name: 'a run in a deleted experiment',
    given: [experimentCreated('exp'), experimentDeleted('exp')],
    when: runStarted('r1'),
    reason: 'experiment_deleted',
    field: 'experiment',
    detail: '"exp" is deleted',
  },
  {
    name: 'a repeated create in an experiment that was deleted meanwhile',
    given: [runStarted('r1'), experimentDeleted('exp')],
    when: runStarted('r1'),
    reason: 'experiment_deleted',
    field: 'experiment',
    detail: '"exp" is deleted',
  },
  {
    name: 'a repeated create in another experiment',
    given: [runStarted('r1'), experimentCreated('other')],
    when: runStarted('r1', { experiment: 'other' }),
    reason: 'run_in_other_experiment',
    field: 'experiment',
    detail: 'belongs to the experiment "exp"',
  },
  {
    name: 'a repeated create in an experiment that does not exist',
    given: [runStarted('r1')],
    when: runStarted('r1', { experiment: 'new' }),
    reason: 'run_in_other_experiment',
    field: 'experiment',
    detail: 'belongs to the experiment "exp"',
  },
  {
    name: 'a repeated create of a deleted run',
    given: [runStarted('r1'), deleted('r1')],
    when: runStarted('r1'),
    reason: 'run_deleted',
    field: 'id',
    detail: '"r1" is deleted',
  },
  {
    name: 'a repeated create with another value of a parameter',
    given: [runStarted('r1', { params: { lr: '0.1' } })],
    when: runStarted('r1', { params: { new: '1', lr: '0.2' } }),
    reason: 'param_conflict',
    field: 'params.lr',
    detail: 'is "0.1" and stays so; "0.2" was given',
  },
  {
    name: 'another run with the same internal id',
    given: [runStarted('r1')],
    when: runStarted('r2', { uuid: uuidOf('default/r1') }),
    reason: 'id_taken',
    field: 'uuid',
    detail: uuidOf('default/r1'),
  },
  {
    name: 'a new experiment under the internal id of another',
    given: [experimentCreated('exp')],
    when: runStarted('r1', { experiment: 'new', experimentId: experimentId('exp') }),
    reason: 'id_taken',
    field: 'experimentId',
    detail: experimentId('exp'),
  },
  {
    name: 'a fork of an unknown run',
    given: [],
    when: runStarted('r1', { fork: { run: 'none', step: 5 } }),
    reason: 'fork_unknown',
    field: 'fork.run',
    detail: '"none" to fork from does not exist',
  },
  {
    name: 'a fork of itself',
    given: [],
    when: runStarted('r1', { fork: { run: 'r1', step: 5 } }),
    reason: 'fork_unknown',
    field: 'fork.run',
    detail: '"r1"',
  },
  {
    name: 'a fork of a deleted run',
    given: [runStarted('r0'), deleted('r0')],
    when: runStarted('r1', { fork: { run: 'r0', step: 5 } }),
    reason: 'fork_unknown',
    field: 'fork.run',
    detail: '"r0" to fork from is deleted',
  },
  {
    name: 'another value of a parameter',
    given: [runStarted('r1'), paramsSet('r1', { lr: '0.1' })],
    when: paramsSet('r1', { new: '1', lr: '0.2' }),
    reason: 'param_conflict',
    field: 'params.lr',
    detail: 'The parameter "lr" is "0.1" and stays so; "0.2" was given',
  },
  {
    name: 'another end of a finished run',
    given: [runStarted('r1'), finished('r1', 'completed')],
    when: finished('r1', 'failed'),
    reason: 'already_finished',
    field: 'status',
    detail: 'is completed already and cannot become failed',
  },
  {
    name: 'the crash of a finished run',
    given: [runStarted('r1'), finished('r1', 'killed')],
    when: crashed('r1'),
    reason: 'not_running',
    field: 'status',
    detail: 'is killed',
  },
  {
    name: 'the revival of a finished run',
    given: [runStarted('r1'), finished('r1', 'failed')],
    when: event('RunRevived', { run: 'r1' }),
    reason: 'not_running',
    field: 'status',
    detail: 'is failed',
  },
  {
    name: 'the restoration of a run that is there',
    given: [runStarted('r1')],
    when: event('RunRestored', { run: 'r1' }),
    reason: 'run_not_deleted',
    field: 'id',
    detail: 'is not deleted',
  },
  {
    name: 'a key whose id is taken in another workspace',
    given: [keyCreated('abcdefgh', 'theirs')],
    when: keyCreated('abcdefgh'),
    reason: 'key_taken',
    field: 'key',
    detail: 'abcdefgh',
  },
  {
    name: 'the revocation of a key of another workspace',
    given: [keyCreated('abcdefgh', 'theirs')],
    when: event('KeyRevoked', { key: 'abcdefgh' }),
    reason: 'unknown_key',
    field: 'id',
    detail: 'workspace default',
  },
  {
    name: 'the revocation of an unknown key',
    given: [],
    when: event('KeyRevoked', { key: 'abcdefgh' }),
    reason: 'unknown_key',
    field: 'id',
    detail: 'abcdefgh',
  },
  {
    name: 'the switch to tables that are older than the present ones',
    given: [event('TablesSwitched', { generation: 3 })],
    when: event('TablesSwitched', { generation: 2 }),
    reason: 'generation_passed',
    field: 'generation',
    detail: 'generation 3',
  },
];

const onRun: readonly ControlEvent[] = [
  event('RunUpdated', { run: 'r1', name: 'n' }),
  paramsSet('r1', { lr: '1' }),
  finished('r1'),
  crashed('r1'),
  event('RunRevived', { run: 'r1' }),
  event('RunRewound', { run: 'r1', step: 1 }),
];

const onUnknownRun: readonly Refusal[] = [...onRun, deleted('r1'), event('RunRestored', { run: 'r1' })].map((when) => ({
  name: `${when.type} of an unknown run`,
  given: [runStarted('r1', { workspace: 'theirs' })],
  when,
  reason: 'unknown_run',
  field: 'id',
  detail: 'There is no run "r1" in workspace default.',
}));

const onDeletedRun: readonly Refusal[] = onRun.map((when) => ({
  name: `${when.type} of a deleted run`,
  given: [runStarted('r1'), deleted('r1')],
  when,
  reason: 'run_deleted',
  field: 'id',
  detail: '"r1" is deleted',
}));

describe('refused, with nothing of it applied:', () => {
  test.each([...refusals, ...onUnknownRun, ...onDeletedRun])('$name', async ({ given, when, ...refusal }) => {
    const store = await told(given);
    const { verdict, facts, changes } = fold(store, when, given.length);
    expect(verdict).toMatchObject({ accepted: false, reason: refusal.reason, field: refusal.field });
    expect(verdict).toHaveProperty('detail', expect.stringContaining(refusal.detail));
    expect(facts).toEqual([{ type: 'EventJudged', event: when, verdict }]);
    expect(changes.map((change) => change.type)).toEqual(['verdict']);
    expect(decide(store, when)).toEqual(verdict);
  });
});

interface Same {
  readonly name: string;
  readonly given: readonly ControlEvent[];
  readonly when: ControlEvent;
}

const sames: readonly Same[] = [
  {
    name: 'a rename to its own name',
    given: [experimentCreated('a')],
    when: event('ExperimentRenamed', { experiment: experimentId('a'), name: 'a' }),
  },
  {
    name: 'the second deletion of an experiment',
    given: [experimentCreated('a'), experimentDeleted('a')],
    when: experimentDeleted('a'),
  },
  {
    name: 'the restoration of an experiment that is there',
    given: [experimentCreated('a')],
    when: event('ExperimentRestored', { experiment: experimentId('a') }),
  },
  {
    name: 'a repeated create with the same parameters and tags',
    given: [runStarted('r1', { params: { lr: '1' }, tags: { t: 'x' } })],
    when: runStarted('r1', { uuid: uuidOf('second'), params: { lr: '1' }, tags: { t: 'x' }, name: 'other' }),
  },
  {
    name: 'a parameter with the value it has',
    given: [runStarted('r1', { params: { lr: '1' } })],
    when: paramsSet('r1', { lr: '1' }),
  },
  {
    name: 'an overwrite with the value it has',
    given: [runStarted('r1', { params: { lr: '1' } })],
    when: paramsSet('r1', { lr: '1' }, true),
  },
  { name: 'no parameters', given: [runStarted('r1')], when: paramsSet('r1', {}) },
  {
    name: 'an update with what is there, and the removal of a tag that is not',
    given: [runStarted('r1', { name: 'n', tags: { t: 'x' } })],
    when: event('RunUpdated', { run: 'r1', name: 'n', notes: '', archived: false, tags: { t: 'x', none: null } }),
  },
  { name: 'the same end again', given: [runStarted('r1'), finished('r1')], when: finished('r1') },
  { name: 'a second crash', given: [runStarted('r1'), crashed('r1')], when: crashed('r1') },
  { name: 'the revival of a running run', given: [runStarted('r1')], when: event('RunRevived', { run: 'r1' }) },
  { name: 'the second deletion of a run', given: [runStarted('r1'), deleted('r1')], when: deleted('r1') },
  {
    name: 'the second revocation of a key',
    given: [keyCreated('abcdefgh'), event('KeyRevoked', { key: 'abcdefgh' })],
    when: event('KeyRevoked', { key: 'abcdefgh' }),
  },
  {
    name: 'the second switch to the same tables',
    given: [event('TablesSwitched', { generation: 2 })],
    when: event('TablesSwitched', { generation: 2 }),
  },
];

describe('accepted, and nothing changes:', () => {
  test.each(sames)('$name', async ({ given, when }) => {
    const store = await told(given);
    const { verdict, facts, changes } = fold(store, when, given.length);
    expect(verdict).toMatchObject({ accepted: true, changed: false });
    expect(facts).toEqual([{ type: 'EventJudged', event: when, verdict }]);
    expect(changes.map((change) => change.type)).toEqual(['verdict']);
    expect(decide(store, when)).toEqual(verdict);
  });
});

describe('a command id', () => {
  test('is answered with the first verdict, whatever the second body says', async () => {
    const first = runStarted('r1', { commandId: 'once' });
    const store = await told([first]);
    const again = runStarted('r2', { commandId: 'once', workspace: 'other', params: { lr: '1' } });
    const verdict = { accepted: true, changed: false, created: true, subject: 'r1' };
    expect(fold(store, again, 1)).toEqual({
      verdict,
      facts: [{ type: 'EventJudged', event: again, verdict }],
      changes: [],
    });
    expect(decide(store, again)).toEqual(verdict);
  });

  test('is answered with the first refusal, though the command could be accepted by now', async () => {
    const refused = event('RunUpdated', { run: 'r1', name: 'n', commandId: 'once' });
    const store = await told([refused, runStarted('r1')]);
    expect(fold(store, refused, 2).verdict).toMatchObject({ accepted: false, reason: 'unknown_run' });
  });

  test(`is remembered for ${String(VERDICTS_REMEMBERED)} offsets, whatever the limits say`, async () => {
    const store = await told([runStarted('r1', { commandId: 'once' })]);
    const again = runStarted('r1', { commandId: 'once', tags: { t: 'x' } });
    expect(fold(store, again, 1_000_000).verdict).toMatchObject({ changed: false });
    expect(fold(store, again, 1_000_001).verdict).toMatchObject({ changed: true, created: false });
    expect(limits.verdictsRememberedOffsets).toBe(VERDICTS_REMEMBERED);
  });
});
