/** The routes for whoever runs a server: rebuild and backup, with their progress, one at a time. They need scope admin. */
import type { IncomingMessage } from 'node:http';
import { Router, type Request, type Response } from 'express';
import { requireScope, type Access, type Authenticate } from '../ingest/auth.js';
import { z } from 'zod';
import type { Rebuild } from '../projector/rebuild.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import { answerProblem } from '../runtime/problem-answer.js';
import { Problem } from '../runtime/problem.js';
import { readQuestion } from '../query/json-body.js';
import type { Backup } from './backup.js';

/** Work that takes long: one at a time. */
export interface AdminTask {
  status(): object;
  isRunning(): boolean;
}

/** A task that this server cannot do, with the reason. */
export const impossibleTask = (detail: string) => ({
  status: () => ({ phase: 'none', error: detail }),
  isRunning: () => false,
  begin: () => Promise.reject(new Problem('conflict', detail)),
});

export interface AdminDeps {
  readonly authenticate: Authenticate;
  readonly rebuild: AdminTask & Pick<Rebuild, 'begin'>;
  readonly backup: AdminTask & Pick<Backup, 'begin'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const backupRequest = z.strictObject({ to: z.string().min(1).max(4096) });

const problem = { description: 'application/problem+json', content: { 'application/problem+json': {} } };
const saying = (status: string, description: string) => ({
  [status]: { description, content: { 'application/json': {} } },
  '4XX': problem,
  '503': problem,
});

/** The routes below as OpenAPI 3.1 paths. */
export const adminPaths = (): Record<string, Record<string, unknown>> => ({
  '/api/v1/admin/rebuild': {
    get: { summary: 'How far the rebuild of the tables is', responses: saying('200', 'Phase, offsets, rate, error') },
    post: { summary: 'Fills the tables anew from the log and switches to them', responses: saying('202', 'Begun') },
  },
  '/api/v1/admin/backup': {
    get: { summary: 'How far the backup is', responses: saying('200', 'Phase, bytes, position, error') },
    post: {
      summary: 'Copies log, tables and state at one position into a folder on the machine of the server',
      requestBody: { required: true, content: { 'application/json': { schema: z.toJSONSchema(backupRequest) } } },
      responses: saying('202', 'Begun'),
    },
  },
});

export function createAdminRouter(deps: AdminDeps): Router {
  const router = Router();
  const { rebuild, backup } = deps;
  const task = (path: string, status: () => object, begin: (access: Access, req: Request) => Promise<object>) => {
    router.get(path, (req, res) =>
      answered(deps, req, res, () => {
        admitted(deps, req);
        return Promise.resolve([200, status()]);
      }),
    );
    router.post(path, (req, res) => answered(deps, req, res, async () => [202, await begin(admitted(deps, req), req)]));
    router.all(path, (_req, res) => {
      res.setHeader('allow', 'GET, POST');
      answerProblem(res, new Problem('method_not_allowed', 'only GET, POST is possible here', { field: 'method' }));
    });
  };

  task(
    '/admin/rebuild',
    () => rebuild.status(),
    ({ workspace, actor }) => {
      if (backup.isRunning()) throw new Problem('conflict', 'a backup is under way: start the rebuild after it');
      return rebuild.begin({
        commandId: `tables-switched/${deps.clock.uuid()}`,
        workspace,
        ...(actor === undefined ? {} : { actor }),
      });
    },
  );
  task(
    '/admin/backup',
    () => backup.status(),
    async (_, req) => {
      const { to } = await readQuestion(backupRequest, req);
      if (rebuild.isRunning()) throw new Problem('conflict', 'a rebuild is under way: make the backup after it');
      return backup.begin(to);
    },
  );
  return router;
}

function admitted({ authenticate }: AdminDeps, req: IncomingMessage): Access {
  const access = authenticate(req);
  requireScope(access, 'admin');
  return access;
}

async function answered(
  { clock, logger }: AdminDeps,
  req: Request,
  res: Response,
  answer: () => Promise<[number, object]>,
): Promise<void> {
  try {
    const [status, body] = await answer();
    res.status(status).set('cache-control', 'no-store').json(body);
  } catch (error) {
    const requestId = clock.uuid();
    if (!(error instanceof Problem)) logger.error({ err: error, requestId, url: req.originalUrl }, 'a request failed');
    const problem =
      error instanceof Problem
        ? error
        : new Problem('internal', 'an internal error; the request id is in the log of the server');
    answerProblem(res, problem, requestId);
  }
}
