/** The fold's rule for RunStarted: the first one makes the run (and its experiment), a repeat merges new parameters and tags. */
import type { EventOf } from '../events/control-event.js';
import { quoted, refused, unchanged, type Change, type Judged } from './judged.js';
import { dictionaryOf, mergeParams, mergeTags } from './params-and-tags.js';
import type { FoldReader } from './reader.js';
import { forkSegments } from './segments.js';
import type { ExperimentRecord, Fact, RunRecord } from './types.js';

type RunStarted = EventOf<'RunStarted'>;

export function startRun(state: FoldReader, event: RunStarted): Judged {
  const run = state.run(event.workspace, event.run);
  const experiment = state.experimentByName(event.workspace, event.experiment);
  if (run?.deleted === true) return refused('run_deleted', 'id', `The run ${quoted(run.id)} is deleted.`);
  if (run !== undefined && run.experiment !== experiment?.id) return inOtherExperiment(state, run);
  if (experiment?.deleted === true) {
    return refused('experiment_deleted', 'experiment', `The experiment ${quoted(experiment.name)} is deleted.`);
  }
  return run === undefined ? newRun(state, event, experiment) : knownRun(state, event, run);
}

function inOtherExperiment(state: FoldReader, run: RunRecord): Judged {
  const name = state.experiment(run.workspace, run.experiment)?.name ?? run.experiment;
  const detail = `The run ${quoted(run.id)} belongs to the experiment ${quoted(name)}.`;
  return refused('run_in_other_experiment', 'experiment', detail);
}

function knownRun(state: FoldReader, event: RunStarted, run: RunRecord): Judged {
  const params = mergeParams(state, run, event.params ?? {}, false);
  if ('conflict' in params) return params.conflict;
  const { tags, facts: tagFacts } = mergeTags(run, run.tags, event.tags ?? {});
  if (params.facts.length === 0 && tagFacts.length === 0) {
    const same = unchanged(run.id);
    return { ...same, verdict: { accepted: true, changed: false, created: false, subject: run.id } };
  }
  const after = { ...run, tags };
  return {
    verdict: { accepted: true, changed: true, created: false, subject: run.id },
    facts: [{ type: 'RunChanged', run: after }, ...params.facts, ...tagFacts],
    changes: [{ type: 'run', run: after, before: run }, ...params.changes],
  };
}

/** A run that was not there has no parameters; asking the store for each would double the cost of a start. */
const NO_PARAMS = { param: () => undefined };

function newRun(state: FoldReader, event: RunStarted, known: ExperimentRecord | undefined): Judged {
  const { workspace, at } = event;
  if (state.runByUuid(event.uuid) !== undefined) {
    return refused('id_taken', 'uuid', `The internal run id ${event.uuid} is taken.`);
  }
  if (known === undefined && state.experiment(workspace, event.experimentId) !== undefined) {
    return refused('id_taken', 'experimentId', `The experiment id ${event.experimentId} is taken.`);
  }
  const source = event.fork === undefined ? undefined : state.run(workspace, event.fork.run);
  if (event.fork !== undefined && (source === undefined || source.deleted)) {
    const fault = source === undefined ? 'does not exist' : 'is deleted';
    return refused('fork_unknown', 'fork.run', `The run ${quoted(event.fork.run)} to fork from ${fault}.`);
  }

  const experiment = known ?? {
    workspace,
    id: event.experimentId,
    name: event.experiment,
    createdAt: at,
    deleted: false,
  };
  const of = { workspace, uuid: event.uuid, experiment: experiment.id };
  const params = mergeParams(NO_PARAMS, of, event.params ?? {}, false);
  if ('conflict' in params) return params.conflict;
  const { tags, facts: tagFacts } = mergeTags(of, {}, event.tags ?? {});
  const run: RunRecord = {
    ...of,
    id: event.run,
    name: event.name ?? '',
    group: event.group ?? '',
    jobType: event.jobType ?? '',
    // kept as text: clients make children before their parents at times
    parent: event.parent ?? '',
    notes: '',
    status: 'running',
    reason: '',
    tags,
    context: dictionaryOf(Object.entries(event.context ?? {})),
    generation: 0,
    segments: event.fork === undefined || source === undefined ? [] : forkSegments(source, event.fork.step),
    createdAt: at,
    startedAt: event.startedAt ?? at,
    endedAt: 0,
    archived: false,
    deleted: false,
  };
  const experimentFacts: Fact[] = known === undefined ? [{ type: 'ExperimentChanged', experiment }] : [];
  const experimentChanges: Change[] =
    known === undefined ? [{ type: 'experiment', experiment, before: undefined }] : [];
  return {
    verdict: { accepted: true, changed: true, created: true, subject: run.id },
    facts: [...experimentFacts, { type: 'RunChanged', run }, ...params.facts, ...tagFacts],
    changes: [...experimentChanges, { type: 'run', run, before: undefined }, ...params.changes],
  };
}
