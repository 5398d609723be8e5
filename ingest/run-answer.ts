/** A run as the write side answers with it: the state's record, its parameters and its experiment's name. */
import type { StateReader } from '../state/reader.js';
import type { RunRecord } from '../state/types.js';
import type { RunAnswer } from './api.js';

export function runAnswer(state: StateReader, run: RunRecord): RunAnswer {
  const { id, uuid, name, group, jobType, parent, notes, status, reason, tags, context } = run;
  const { generation, createdAt, startedAt, endedAt, archived } = run;
  return {
    id,
    uuid,
    experiment: { id: run.experiment, name: state.experiment(run.workspace, run.experiment)?.name ?? '' },
    name,
    group,
    jobType,
    parent,
    notes,
    status,
    reason,
    tags,
    params: state.params(uuid),
    context,
    generation,
    createdAt,
    startedAt,
    endedAt: endedAt === 0 ? null : endedAt,
    archived,
  };
}
