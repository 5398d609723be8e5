/** The routes that create, rename, delete and restore experiments. */
import { Problem } from '../runtime/problem.js';
import { experimentRequest } from './api.js';
import { noBody, perform } from './run-routes.js';
import { route, type Answer, type Ask, type Route } from './route.js';
import type { Accepted } from './submit.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function decodeExperimentId(raw: string): string {
  if (UUID.test(raw)) return raw;
  throw new Problem('invalid_request', 'id must be the UUID of an experiment, in lower case', { field: 'id' });
}

/** An experiment as the write side knows it. */
export interface ExperimentAnswer {
  readonly experiment: {
    readonly id: string;
    readonly name: string;
    readonly createdAt: number;
    readonly deleted: boolean;
  };
  readonly position: string;
}

const ofExperiment = { scope: 'write', answers: 'experiment', status: 200, decodeId: decodeExperimentId } as const;

export const experimentRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: 'experiments',
    scope: 'write',
    answers: 'experiment',
    status: 201,
    summary: 'Creates an experiment; runs also create the one they name',
    schema: experimentRequest,
    async handle(ask) {
      const experiment = ask.edge.clock.uuid();
      const accepted = await perform(ask, { type: 'ExperimentCreated', experiment, name: ask.body.name });
      return answer(ask, accepted, 201);
    },
  }),
  route({
    ...ofExperiment,
    method: 'PATCH',
    path: 'experiments/:id',
    summary: 'Renames an experiment; / in the name makes folders',
    schema: experimentRequest,
    handle: async (ask) =>
      answer(ask, await perform(ask, { type: 'ExperimentRenamed', experiment: ask.id, name: ask.body.name })),
  }),
  route({
    ...ofExperiment,
    method: 'DELETE',
    path: 'experiments/:id',
    summary: 'Deletes an experiment; restore brings it back',
    schema: noBody,
    handle: async (ask) => answer(ask, await perform(ask, { type: 'ExperimentDeleted', experiment: ask.id })),
  }),
  route({
    ...ofExperiment,
    method: 'POST',
    path: 'experiments/:id/restore',
    summary: 'Takes the deletion of an experiment back',
    schema: noBody,
    handle: async (ask) => answer(ask, await perform(ask, { type: 'ExperimentRestored', experiment: ask.id })),
  }),
];

function answer({ edge, access }: Ask<unknown>, { verdict, position }: Accepted, status = 200): Answer {
  const record = edge.replica.state.experiment(access.workspace, verdict.subject);
  if (record === undefined) throw new Error(`an accepted command is about no experiment: ${verdict.subject}`);
  const { id, name, createdAt, deleted } = record;
  const body: ExperimentAnswer = { experiment: { id, name, createdAt, deleted }, position };
  return { status, body };
}
