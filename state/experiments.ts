/** The fold's rules about experiments: names are unique per workspace, also against deleted ones. */
import type { EventOf } from '../events/control-event.js';
import { quoted, refused, unchanged, type Judged } from './judged.js';
import type { FoldReader } from './reader.js';
import type { ExperimentRecord } from './types.js';

type OnExperiment = EventOf<'ExperimentRenamed' | 'ExperimentDeleted' | 'ExperimentRestored'>;

export const experimentHandlers = {
  ExperimentCreated(state: FoldReader, event: EventOf<'ExperimentCreated'>): Judged {
    const { workspace, experiment: id, name, at } = event;
    if (state.experimentByName(workspace, name) !== undefined) return nameTaken(name);
    if (state.experiment(workspace, id) !== undefined) {
      return refused('id_taken', 'experiment', `The experiment id ${id} is taken.`);
    }
    return changedExperiment({ workspace, id, name, createdAt: at, deleted: false }, undefined);
  },

  ExperimentRenamed: (state: FoldReader, event: EventOf<'ExperimentRenamed'>): Judged =>
    onExperiment(state, event, (experiment) => {
      if (experiment.deleted) {
        return refused('experiment_deleted', 'id', `The experiment ${quoted(experiment.name)} is deleted.`);
      }
      if (experiment.name === event.name) return unchanged(experiment.id);
      if (state.experimentByName(event.workspace, event.name) !== undefined) return nameTaken(event.name);
      return changedExperiment({ ...experiment, name: event.name }, experiment);
    }),

  ExperimentDeleted: (state: FoldReader, event: EventOf<'ExperimentDeleted'>): Judged =>
    onExperiment(state, event, (experiment) =>
      experiment.deleted ? unchanged(experiment.id) : changedExperiment({ ...experiment, deleted: true }, experiment),
    ),

  ExperimentRestored: (state: FoldReader, event: EventOf<'ExperimentRestored'>): Judged =>
    onExperiment(state, event, (experiment) =>
      experiment.deleted ? changedExperiment({ ...experiment, deleted: false }, experiment) : unchanged(experiment.id),
    ),
};

function onExperiment(
  state: FoldReader,
  { workspace, experiment: id }: OnExperiment,
  judge: (experiment: ExperimentRecord) => Judged,
): Judged {
  const experiment = state.experiment(workspace, id);
  if (experiment === undefined) {
    return refused('unknown_experiment', 'id', `There is no experiment ${id} in workspace ${workspace}.`);
  }
  return judge(experiment);
}

const nameTaken = (name: string): Judged =>
  refused('experiment_name_taken', 'name', `An experiment of the name ${quoted(name)} exists.`);

const changedExperiment = (experiment: ExperimentRecord, before: ExperimentRecord | undefined): Judged => ({
  verdict: { accepted: true, changed: true, created: before === undefined, subject: experiment.id },
  facts: [{ type: 'ExperimentChanged', experiment }],
  changes: [{ type: 'experiment', experiment, before }],
});
