/** The read side of the HTTP API as one Express router, mounted at /api/v1 and /w/:workspace/api/v1. */
import { Router } from 'express';
import { z } from 'zod';
import { text, textFault } from '../events/bounded-text.js';
import { limits } from '../runtime/limits.js';
import { Problem } from '../runtime/problem.js';
import { answering, onlyMethod, type Asking } from './answering.js';
import { compareRequest, searchRequest, topRequest } from './api.js';
import { createCatalog } from './catalog.js';
import { columns } from './columns.js';
import { listDeadLetters, showDeadLetter } from './dead-letters.js';
import { compare } from './compare/compare.js';
import type { QueryDeps } from './deps.js';
import { experiments } from './experiments.js';
import { createRegexCheck } from './filter/regexes.js';
import { createLiveRoutes } from './live/routes.js';
import { readQuestion } from './json-body.js';
import { checkQuery } from './parameters.js';
import { runPage } from './runs/run-page.js';
import { createRunMemory } from './runs/run-memory.js';
import type { RunsContext } from './runs/run-rows.js';
import { search } from './search/search.js';
import { createSeriesRoutes } from './series/routes.js';
import { top } from './search/top.js';

const nothing = z.strictObject({});
const experimentsQuery = z.strictObject({ includeDeleted: z.enum(['true', 'false']).default('false') });
const columnsQuery = z.strictObject({ experiment: text({ bytesMax: limits.experimentNameBytesMax }).optional() });

export function createQueryRouter(deps: QueryDeps): Router {
  const router = Router({ mergeParams: true });
  const catalog = createCatalog(deps);
  const memory = createRunMemory(deps.board);
  const check = createRegexCheck(deps);
  const about = ({ workspace, signal }: Asking): RunsContext => ({
    deps,
    catalog,
    memory,
    workspace,
    signal,
    nowMs: deps.clock.now(),
  });
  const get = (path: string, answer: (asking: Asking) => Promise<object>) => router.get(path, answering(deps, answer));
  const post = (path: string, answer: (asking: Asking) => Promise<object>) =>
    router.post(path, answering(deps, answer));

  get('/runs/:id', (asking) => {
    checkQuery(nothing, asking.query);
    return runPage(about(asking), runId(asking.path['id'] ?? ''));
  });
  post('/search', async (asking) => {
    checkQuery(nothing, asking.query);
    return search(about(asking), await readQuestion(searchRequest, asking.req), check);
  });
  get('/top', async (asking) => top(about(asking), checkQuery(topRequest, asking.query), check));
  post('/compare', async (asking) => {
    checkQuery(nothing, asking.query);
    return compare(about(asking), await readQuestion(compareRequest, asking.req));
  });
  get('/experiments', async (asking) =>
    experiments(about(asking), checkQuery(experimentsQuery, asking.query).includeDeleted === 'true'),
  );
  get('/columns', async (asking) => columns(about(asking), checkQuery(columnsQuery, asking.query).experiment));

  get('/admin/dead-letters', (asking) => listDeadLetters(deps, asking));
  get('/admin/dead-letters/:topic/:partition/:offset', (asking) => showDeadLetter(deps, asking));

  router.use(createSeriesRoutes(deps), createLiveRoutes(deps));

  for (const path of ['/search', '/compare']) router.all(path, onlyMethod(deps, 'POST'));
  for (const path of ['/top', '/columns', '/admin/dead-letters']) router.all(path, onlyMethod(deps, 'GET'));
  return router;
}

function runId(id: string): string {
  const fault = textFault(id, { bytesMax: limits.runIdBytesMax, pathSafe: true });
  if (fault === undefined) return id;
  throw new Problem('invalid_request', `id ${fault}`, { field: 'id' });
}
