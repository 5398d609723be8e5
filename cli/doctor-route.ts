/** `GET /api/v1/admin/doctor`: the server's own findings, for whoever runs it. */
import { Router } from 'express';
import type { DoctorFinding } from '../clickhouse/doctor.js';
import { requireScope, type Authenticate } from '../ingest/auth.js';
import { DEFAULT_WORKSPACE } from '../ingest/target.js';
import { answerProblem } from '../runtime/problem-answer.js';
import { Problem } from '../runtime/problem.js';

export interface DoctorAnswer {
  /** ms, of the server. */
  readonly now: number;
  readonly findings: readonly DoctorFinding[];
}

export function doctorRoute(authenticate: Authenticate, look: () => Promise<DoctorAnswer>): Router {
  const router = Router();
  router.get('/api/v1/admin/doctor', async (request, response) => {
    try {
      const access = authenticate(request);
      requireScope(access, 'admin');
      if (access.workspace !== DEFAULT_WORKSPACE) {
        const detail = `this needs an admin key of workspace ${DEFAULT_WORKSPACE}: it is about the whole server`;
        throw new Problem('forbidden', detail, { field: 'workspace' });
      }
      response.json(await look());
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      answerProblem(response, error);
    }
  });
  return router;
}
