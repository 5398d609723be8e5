/** `GET /live`: server-sent events about some runs or about an experiment, resumable by position. */
import { Router } from 'express';
import { z } from 'zod';
import { text, textFault } from '../../events/bounded-text.js';
import { parsePosition, type Position } from '../../events/position.js';
import { limits } from '../../runtime/limits.js';
import { Problem } from '../../runtime/problem.js';
import { admit, onlyMethod, sendFailure, type Asking } from '../answering.js';
import type { QueryDeps } from '../deps.js';
import { checkQuery } from '../parameters.js';
import { createRunDirectory, type RunDirectory } from '../series/run-directory.js';
import type { Subject } from './changes.js';
import { openStream } from './event-stream.js';
import { createHub, type Hub, type Listener } from './hub.js';

const liveQuery = z.strictObject({
  runs: z.string().min(1).optional(),
  experiment: text({ bytesMax: limits.experimentNameBytesMax }).optional(),
  since: z.string().optional(),
});

/** Bounds of limits.ts that a test lowers. */
export type LiveBounds = Readonly<
  Record<'liveListenersMax' | 'liveBufferedBytesMax' | 'liveFarewellMs' | 'liveTickMs', number>
>;

export function createLiveRoutes(deps: QueryDeps, bounds: LiveBounds = limits): Router {
  const router = Router({ mergeParams: true });
  const directory = createRunDirectory(deps);
  const hub = createHub(deps, bounds.liveTickMs);
  router.get('/live', async (req, res) => {
    try {
      const asking = await admit(deps, req, res);
      const question = checkQuery(liveQuery, asking.query);
      const resume = resumption(deps, question.since, req.get('last-event-id'));
      if (hub.listening >= bounds.liveListenersMax) {
        throw new Problem('unavailable', `${String(bounds.liveListenersMax)} listeners are as many as there may be`, {
          retryAfterS: 30,
        });
      }
      const listener: Listener = {
        workspace: asking.workspace,
        ...(await subjectOf(deps, hub, directory, asking, question)),
        resume,
        open: (position) => openStream(res, deps.clock, bounds, position),
      };
      let gone = false;
      res.once('close', () => (gone = true));
      const leave = await hub.add(listener);
      if (gone) leave();
      else res.once('close', leave);
    } catch (error) {
      sendFailure(deps, req, res, error);
    }
  });
  router.all('/live', onlyMethod(deps, 'GET'));
  return router;
}

const refuse = (field: string, detail: string) => new Problem('invalid_request', detail, { field });

/** A browser that reconnects says where it was in Last-Event-ID. */
function resumption(
  { board }: QueryDeps,
  since: string | undefined,
  lastEventId: string | undefined,
): Position | 'elsewhere' | undefined {
  const given = since ?? lastEventId;
  if (given === undefined || given === '') return undefined;
  const parsed = parsePosition(given);
  const field = since === undefined ? 'Last-Event-ID' : 'since';
  if (!parsed.ok) throw refuse(field, `${field} is not a position that an event or a write answered with`);
  return parsed.value.epoch === board.reached().epoch ? parsed.value : 'elsewhere';
}

async function subjectOf(
  deps: QueryDeps,
  hub: Hub,
  directory: RunDirectory,
  { workspace, req, signal }: Asking,
  { runs, experiment }: z.infer<typeof liveQuery>,
): Promise<{ readonly subject: Subject; readonly name: string }> {
  if ((runs === undefined) === (experiment === undefined)) {
    throw refuse('runs', 'give either runs (ids with commas between them) or experiment (a name)');
  }
  if (experiment !== undefined) {
    const id = await experimentId(deps, hub, workspace, experiment);
    return { subject: { experiment: id }, name: `experiment ${id}` };
  }
  const found = await directory.find(workspace, runIds(req.url ?? ''), signal);
  const subject = { runs: new Map(found.map((run) => [run.uuid, run.id])) };
  return { subject, name: [...subject.runs.keys()].sort().join(' ') };
}

/** Split before it is decoded: a comma within an id is %2C. */
function runIds(url: string): string[] {
  const [, list = ''] = /[?&]runs=([^&#]*)/.exec(url) ?? [];
  const ids = list.split(',').map((id) => decodeURIComponent(id.replaceAll('+', ' ')));
  if (ids.length > limits.seriesRunsMax)
    throw refuse('runs', `at most ${String(limits.seriesRunsMax)} runs can be followed by id`);
  ids.forEach((id, i) => {
    const fault = textFault(id, { bytesMax: limits.runIdBytesMax, pathSafe: true });
    if (fault !== undefined) throw refuse(`runs[${String(i)}]`, `runs[${String(i)}] ${fault}`);
  });
  return ids;
}

async function experimentId(deps: QueryDeps, { catalog }: Hub, workspace: string, name: string): Promise<string> {
  const find = async (known: ReturnType<Hub['catalog']['of']>) =>
    [...(await known).experiments.values()].find((experiment) => experiment.name === name || experiment.id === name);
  let experiment = await find(catalog.of(workspace));
  if (experiment === undefined && deps.barrier !== undefined) {
    await deps.barrier(workspace);
    experiment = await find(catalog.reread(workspace));
  }
  if (experiment === undefined)
    throw new Problem('not_found', `there is no experiment ${name}`, { field: 'experiment' });
  if (experiment.deleted) throw new Problem('gone', `experiment ${name} was deleted`, { field: 'experiment' });
  return experiment.id;
}
