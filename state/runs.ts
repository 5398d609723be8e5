/** The fold's rules about runs that are there: status, parameters, tags, rewinds, deletion. */
import type { EventOf } from '../events/control-event.js';
import { quoted, refused, unchanged, type Judged } from './judged.js';
import { mergeParams, mergeTags } from './params-and-tags.js';
import type { FoldReader } from './reader.js';
import { startRun } from './run-start.js';
import { rewindSegments } from './segments.js';
import type { Fact, RunRecord } from './types.js';

interface OnRun {
  readonly workspace: string;
  readonly run: string;
}

export const runHandlers = {
  RunStarted: startRun,

  RunUpdated: (state: FoldReader, event: EventOf<'RunUpdated'>): Judged =>
    onRun(state, event, (run) => {
      const { tags, facts } = mergeTags(run, run.tags, event.tags ?? {});
      const after = {
        ...run,
        tags,
        name: event.name ?? run.name,
        notes: event.notes ?? run.notes,
        archived: event.archived ?? run.archived,
      };
      const same = after.name === run.name && after.notes === run.notes && after.archived === run.archived;
      return same && facts.length === 0 ? unchanged(run.id) : changedRun(after, run, facts);
    }),

  ParamsSet: (state: FoldReader, event: EventOf<'ParamsSet'>): Judged =>
    onRun(state, event, (run) => {
      const merged = mergeParams(state, run, event.params, event.overwrite);
      if ('conflict' in merged) return merged.conflict;
      if (merged.facts.length === 0) return unchanged(run.id);
      return { verdict: { accepted: true, changed: true, subject: run.id }, ...merged };
    }),

  RunFinished: (state: FoldReader, event: EventOf<'RunFinished'>): Judged =>
    onRun(state, event, (run) => {
      const { status, reason = '', endedAt = event.at } = event;
      if (run.status === status) return unchanged(run.id);
      if (run.status === 'running' || run.status === 'crashed') {
        return changedRun({ ...run, status, reason, endedAt }, run);
      }
      const detail = `The run ${quoted(run.id)} is ${run.status} already and cannot become ${status}.`;
      return refused('already_finished', 'status', detail);
    }),

  RunCrashed: (state: FoldReader, event: EventOf<'RunCrashed'>): Judged =>
    onRun(state, event, (run) => {
      if (run.status === 'crashed') return unchanged(run.id);
      if (run.status !== 'running') return notRunning(run);
      return changedRun({ ...run, status: 'crashed', endedAt: event.lastSeenAt }, run);
    }),

  RunRevived: (state: FoldReader, event: EventOf<'RunRevived'>): Judged =>
    onRun(state, event, (run) => {
      if (run.status === 'running') return unchanged(run.id);
      if (run.status !== 'crashed') return notRunning(run);
      return changedRun({ ...run, status: 'running', endedAt: 0 }, run);
    }),

  RunRewound: (state: FoldReader, event: EventOf<'RunRewound'>): Judged =>
    onRun(state, event, (run) =>
      changedRun({ ...run, generation: run.generation + 1, segments: rewindSegments(run, event.step) }, run),
    ),

  RunDeleted: (state: FoldReader, event: EventOf<'RunDeleted'>): Judged =>
    onAnyRun(state, event, (run) => (run.deleted ? unchanged(run.id) : changedRun({ ...run, deleted: true }, run))),

  RunRestored: (state: FoldReader, event: EventOf<'RunRestored'>): Judged =>
    onAnyRun(state, event, (run) =>
      run.deleted
        ? changedRun({ ...run, deleted: false }, run)
        : refused('run_not_deleted', 'id', `The run ${quoted(run.id)} is not deleted.`),
    ),
};

/** A deleted run takes no command but its restoration. */
const onRun = (state: FoldReader, event: OnRun, judge: (run: RunRecord) => Judged): Judged =>
  onAnyRun(state, event, (run) =>
    run.deleted ? refused('run_deleted', 'id', `The run ${quoted(run.id)} is deleted.`) : judge(run),
  );

function onAnyRun(state: FoldReader, { workspace, run: id }: OnRun, judge: (run: RunRecord) => Judged): Judged {
  const run = state.run(workspace, id);
  if (run === undefined) {
    return refused('unknown_run', 'id', `There is no run ${quoted(id)} in workspace ${workspace}.`);
  }
  return judge(run);
}

const notRunning = (run: RunRecord): Judged =>
  refused('not_running', 'status', `The run ${quoted(run.id)} is ${run.status}.`);

const changedRun = (run: RunRecord, before: RunRecord, facts: readonly Fact[] = []): Judged => ({
  verdict: { accepted: true, changed: true, subject: run.id },
  facts: [{ type: 'RunChanged', run }, ...facts],
  changes: [{ type: 'run', run, before }],
});
