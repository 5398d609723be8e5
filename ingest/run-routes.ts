/** The routes that start, change and end runs: each turns a checked request into one command. */
import { z } from 'zod';
import { limits } from '../runtime/limits.js';
import { Problem } from '../runtime/problem.js';
import {
  finishRunRequest,
  rewindRunRequest,
  setParamsRequest,
  startRunRequest,
  updateRunRequest,
  type RunWriteAnswer,
} from './api.js';
import { appendChunk, heartbeatChunk } from './append-chunk.js';
import { findRun } from './barrier.js';
import { positionText } from './edge.js';
import { heartbeatNeeded } from './points.js';
import { route, type Answer, type Ask, type Route } from './route.js';
import { runAnswer } from './run-answer.js';
import { submit, type Accepted, type Command } from './submit.js';
import { decodeRunId } from './target.js';

export const noBody = z.strictObject({});

const ofRun = { scope: 'write', answers: 'run', status: 200, decodeId: decodeRunId } as const;

export const runRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: 'runs',
    scope: 'write',
    answers: 'run',
    status: 201,
    summary: 'Starts a run, or gives the run of this id as it is, with new parameters and tags merged in',
    schema: startRunRequest,
    async handle(ask) {
      const { body } = ask;
      const { clock } = ask.edge;
      checkCounts(body);
      checkContext(body.context);
      const { id = clock.uuid(), ...rest } = body;
      const ids = { run: id, uuid: clock.uuid(), experimentId: clock.uuid() };
      const accepted = await perform(ask, { type: 'RunStarted', ...ids, ...rest });
      return answerWithRun(ask, accepted, accepted.verdict.created === true ? 201 : 200);
    },
  }),
  route({
    ...ofRun,
    method: 'PATCH',
    path: 'runs/:id',
    summary: 'Changes name, notes, tags (null removes one) or archived',
    schema: updateRunRequest,
    async handle(ask) {
      checkCounts(ask.body);
      return answerWithRun(ask, await perform(ask, { type: 'RunUpdated', run: ask.id, ...ask.body }));
    },
  }),
  route({
    ...ofRun,
    method: 'POST',
    path: 'runs/:id/params',
    summary: 'Sets parameters; the first value wins unless ?overwrite=true',
    schema: setParamsRequest,
    async handle(ask) {
      checkCounts(ask.body);
      const overwrite = flag(ask.query, 'overwrite');
      const { params } = ask.body;
      return answerWithRun(ask, await perform(ask, { type: 'ParamsSet', run: ask.id, params, overwrite }));
    },
  }),
  route({
    ...ofRun,
    method: 'POST',
    path: 'runs/:id/finish',
    summary: 'Ends a run as completed, failed or killed',
    schema: finishRunRequest,
    async handle(ask) {
      const { status, reason, at } = ask.body;
      const command: Command = { type: 'RunFinished', run: ask.id, status, reason, endedAt: at };
      return answerWithRun(ask, await perform(ask, command));
    },
  }),
  route({
    ...ofRun,
    method: 'POST',
    path: 'runs/:id/rewind',
    summary: 'Starts a new generation: points at this step and after it no longer count',
    schema: rewindRunRequest,
    handle: async (ask) =>
      answerWithRun(ask, await perform(ask, { type: 'RunRewound', run: ask.id, step: ask.body.step })),
  }),
  route({
    ...ofRun,
    method: 'POST',
    path: 'runs/:id/heartbeat',
    summary: 'Says that the run is alive; any points do so too',
    schema: noBody,
    async handle({ edge, access, id }) {
      const run = await findRun(edge, access.workspace, id);
      const position = heartbeatNeeded(edge, run)
        ? await appendChunk(edge, run, run.generation, heartbeatChunk(edge, run))
        : positionText(edge);
      const answer: RunWriteAnswer = { run: runAnswer(edge.replica.state, run), position };
      return { status: 200, body: answer };
    },
  }),
  route({
    ...ofRun,
    method: 'DELETE',
    path: 'runs/:id',
    summary: 'Deletes a run; restore brings it back until its data is erased',
    schema: noBody,
    handle: async (ask) => answerWithRun(ask, await perform(ask, { type: 'RunDeleted', run: ask.id })),
  }),
  route({
    ...ofRun,
    method: 'POST',
    path: 'runs/:id/restore',
    summary: 'Takes the deletion of a run back',
    schema: noBody,
    handle: async (ask) => answerWithRun(ask, await perform(ask, { type: 'RunRestored', run: ask.id })),
  }),
];

export const perform = (ask: Ask<unknown>, command: Command): Promise<Accepted> =>
  submit(ask.edge, ask.access, ask.commandId, command);

function answerWithRun({ edge, access }: Ask<unknown>, { verdict, position }: Accepted, status = 200): Answer {
  const run = edge.replica.state.run(access.workspace, verdict.subject);
  if (run === undefined) throw new Error(`an accepted command is about a run that is not there: ${verdict.subject}`);
  const answer: RunWriteAnswer = { run: runAnswer(edge.replica.state, run), position };
  return { status, body: answer };
}

interface Counted {
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  readonly tags?: Readonly<Record<string, unknown>> | undefined;
}

function checkCounts({ params, tags }: Counted): void {
  for (const [field, entries, max] of [
    ['params', params, limits.paramsPerRequestMax],
    ['tags', tags, limits.tagsPerRequestMax],
  ] as const) {
    if (entries === undefined || Object.keys(entries).length <= max) continue;
    throw new Problem('limit_exceeded', `${field}: at most ${String(max)} in one request`, { field });
  }
}

function checkContext(context: Readonly<Record<string, unknown>> | undefined): void {
  if (context === undefined || Buffer.byteLength(JSON.stringify(context)) <= limits.contextBytesMax) return;
  throw new Problem('limit_exceeded', `context: at most ${String(limits.contextBytesMax)} bytes as JSON`, {
    field: 'context',
  });
}

function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name) ?? 'false';
  if (value === 'true' || value === 'false') return value === 'true';
  throw new Problem('invalid_request', `${name} must be true or false`, { field: name });
}
