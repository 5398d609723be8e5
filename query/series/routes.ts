/** `POST /series`: charts. */
import { Router } from 'express';
import { z } from 'zod';
import { formatPosition } from '../../events/position.js';
import { limits } from '../../runtime/limits.js';
import { admit, onlyMethod, sendAnswer, sendFailure } from '../answering.js';
import { seriesRequest } from '../api.js';
import type { QueryDeps } from '../deps.js';
import { readQuestion } from '../json-body.js';
import { checkQuery } from '../parameters.js';
import { createChartMemory } from './chart-memory.js';
import { chart, type SeriesBounds } from './chart.js';
import { createRunDirectory } from './run-directory.js';

const nothing = z.strictObject({});

/** Mounted where the other questions are. The answer is text that was never an object, so it has a handler of its own. */
export function createSeriesRoutes(deps: QueryDeps, bounds: SeriesBounds = limits): Router {
  const router = Router({ mergeParams: true });
  const charts = { ...deps, directory: createRunDirectory(deps), memory: createChartMemory(deps.board), bounds };
  router.post('/series', async (req, res) => {
    try {
      const { workspace, query, signal } = await admit(deps, req, res);
      checkQuery(nothing, query);
      const question = await readQuestion(seriesRequest, req);
      const position = formatPosition(deps.board.reached());
      sendAnswer(res, await chart(charts, workspace, question, signal), position);
    } catch (error) {
      sendFailure(deps, req, res, error);
    }
  });
  router.all('/series', onlyMethod(deps, 'POST'));
  return router;
}
