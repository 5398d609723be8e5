/** The control plane over Express: authenticate → limit → parse → decide → append → answer, for a table of routes. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import { Problem } from '../runtime/problem.js';
import { REQUEST_ID_HEADER, sendJson, sendProblem } from './answer.js';
import { requireScope } from './auth.js';
import { announcedBytes, decoderOf, readBody, requireJson } from './body.js';
import { deadLetterRoutes } from './dead-letter-routes.js';
import type { Edge } from './edge.js';
import { experimentRoutes } from './experiment-routes.js';
import { checkSchema, parseJson } from './json.js';
import { keyRoutes } from './key-routes.js';
import type { Answer, Route } from './route.js';
import { runRoutes } from './run-routes.js';
import { commandIdOf } from './submit.js';
import { parseTarget, requestUrl, type Target } from './target.js';

export const routes: readonly Route[] = [...runRoutes, ...experimentRoutes, ...keyRoutes, ...deadLetterRoutes];

/** Paths of the table below which the read side answers GET. */
const READ_ELSEWHERE = new Set(['runs/:id', 'experiments']);

/**
 * Matches the whole URL by itself (percent-encoding is checked strictly), so it works at the root as well as mounted at
 * /api/v1. Passes on what is not in its table.
 */
export function createIngestRouter(edge: Edge): express.Router {
  const router = express.Router();
  router.use((req, res, next) => {
    const requestId = edge.clock.uuid();
    const serve = async () => {
      const target = parseTarget(requestUrl(req));
      const found = target === undefined ? undefined : findRoute(target, req.method);
      if (target === undefined || found === undefined) {
        next();
        return;
      }
      res.setHeader(REQUEST_ID_HEADER, requestId);
      if (found.route === undefined) throw methodNotAllowed(res, found);
      const { status, body } = await perform(edge, found.route, found.rawId, target, req);
      sendJson(res, status, body);
    };
    serve().catch((error: unknown) => {
      res.setHeader(REQUEST_ID_HEADER, requestId);
      sendProblem({ req, res, error, requestId, logger: edge.logger });
    });
  });
  return router;
}

async function perform(edge: Edge, route: Route, rawId: string, target: Target, req: IncomingMessage): Promise<Answer> {
  const access = edge.authenticate(req);
  requireScope(access, route.scope);
  const id = route.decodeId?.(rawId) ?? '';
  await edge.rateLimits.take({ workspace: access.workspace, key: access.actor }, edge.bounds.controlRequestPoints);
  const body = await parseBody(edge, route, access.workspace, req);
  const commandId = commandIdOf(req, access, edge);
  return route.handle({ edge, access, id, query: target.query, body, commandId });
}

async function parseBody(edge: Edge, route: Route, workspace: string, req: IncomingMessage): Promise<unknown> {
  if (route.method === 'GET') return undefined;
  const bytesMax = edge.bounds.jsonBodyBytesMax;
  const decode = decoderOf(req);
  const announced = announcedBytes(req, bytesMax);
  if (announced === 0) return checkSchema(route.schema, {});
  requireJson(req);
  const room = edge.inFlight.enter({ workspace, run: `control ${workspace}` }, announced);
  try {
    const body = await decode(await readBody(req, bytesMax), bytesMax);
    room.resize(body.length);
    return checkSchema(route.schema, parseJson(body));
  } finally {
    room.release();
  }
}

interface Found {
  /** Absent when the path is known but not the method. */
  readonly route?: Route;
  readonly rawId: string;
  readonly allow: readonly string[];
}

function findRoute({ segments }: Target, method: string): Found | undefined {
  const matching = routes.filter(({ path }) => matches(path.split('/'), segments));
  const [first] = matching;
  if (first === undefined) return undefined;
  const route = matching.find((candidate) => candidate.method === method);
  const readElsewhere = READ_ELSEWHERE.has(first.path);
  if (route === undefined && readElsewhere && (method === 'GET' || method === 'HEAD')) return undefined;
  const allow = [...(readElsewhere ? ['GET', 'HEAD'] : []), ...matching.map((candidate) => candidate.method)];
  const rawId = first.path
    .split('/')
    .flatMap((part, i) => (part.startsWith(':') ? [segments[i] ?? ''] : []))
    .join('/');
  return { ...(route === undefined ? {} : { route }), rawId, allow };
}

const matches = (pattern: readonly string[], segments: readonly string[]): boolean =>
  pattern.length === segments.length && pattern.every((part, i) => part.startsWith(':') || part === segments[i]);

function methodNotAllowed(res: ServerResponse, { allow }: Found): Problem {
  res.setHeader('allow', allow.join(', '));
  return new Problem('method_not_allowed', `only ${allow.join(', ')} is possible here`, { field: 'method' });
}
