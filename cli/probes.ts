/** The probes of a server: alive, ready, metrics and the description of the API. */
import { Router } from 'express';
import type { ServerMetrics } from '../runtime/metrics.js';

export interface Readiness {
  readonly ready: boolean;
  /** One line per part: what is well, or what is not and why. */
  readonly parts: Readonly<Record<string, string>>;
}

export interface ProbeParts {
  readonly version: string;
  readonly readiness: () => Promise<Readiness>;
  readonly metrics: ServerMetrics;
  readonly openapi: () => object;
}

export function createProbes(parts: ProbeParts): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok', version: parts.version });
  });
  router.get('/readyz', async (_request, response) => {
    const readiness = await parts.readiness();
    response.status(readiness.ready ? 200 : 503);
    if (!readiness.ready) response.set('retry-after', '1');
    response.json({ status: readiness.ready ? 'ready' : 'not ready', version: parts.version, parts: readiness.parts });
  });
  router.get('/metrics', async (_request, response) => {
    response.type(parts.metrics.contentType).send(await parts.metrics.text());
  });
  router.get('/openapi.json', (_request, response) => {
    response.json(parts.openapi());
  });
  return router;
}
