/** The edge of the read side: every question is authenticated, waits for its position, and is answered with JSON or a Problem. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import { TablesError } from '../clickhouse/tables.js';
import { formatPosition } from '../events/position.js';
import { limits } from '../runtime/limits.js';
import { answerProblem } from '../runtime/problem-answer.js';
import { Problem } from '../runtime/problem.js';
import type { QueryDeps, Scope } from './deps.js';
import { queryOf } from './parameters.js';
import { waitForPosition } from './position-wait.js';

/** What the log of the server knows a request by. */
const REQUEST_ID = 'runlog-request-id';

/** A question that was let in. */
export interface Asking {
  readonly workspace: string;
  readonly scope: Scope | undefined;
  /** Named parts of the path, decoded. */
  readonly path: Readonly<Record<string, string>>;
  /** The query string, each name at most once, without `at`. */
  readonly query: ReadonlyMap<string, string>;
  readonly req: IncomingMessage;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

/** Authenticates, reads the query string and waits until the tables have the position that was asked for. Throws a Problem. */
export async function admit(deps: QueryDeps, req: Request, res: Response): Promise<Asking> {
  const { workspace, scope } = deps.authenticate(req);
  const gone = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) gone.abort(new ClientGone());
  });
  const query = queryOf(req.originalUrl);
  await waitForPosition(deps, req, query);
  query.delete('at');
  return { workspace, scope, path: req.params as Record<string, string>, query, req, signal: gone.signal };
}

/** Sends JSON text that is true of the tables at `position`, unless the client has left. */
export function sendAnswer(res: Response, json: string, position: string): void {
  if (res.destroyed) return;
  const bytes = Buffer.from(json);
  res.statusCode = 200;
  res.setHeader('content-type', 'application/json');
  res.setHeader('content-length', bytes.length);
  res.setHeader('cache-control', 'no-store');
  res.setHeader('runlog-position', position);
  res.end(bytes);
}

/** Mounts a function from question to answer as an Express handler. */
export function answering(deps: QueryDeps, answer: (asking: Asking) => Promise<object>): RequestHandler {
  return async (req, res) => {
    const requestId = deps.clock.uuid();
    res.setHeader(REQUEST_ID, requestId);
    try {
      const asking = await admit(deps, req, res);
      const position = formatPosition(deps.board.reached());
      const begun = deps.clock.monotonic();
      sendAnswer(res, JSON.stringify(await answer(asking)), position);
      const ms = Math.round(deps.clock.monotonic() - begun);
      if (ms > limits.slowQueryMs) {
        deps.onSlow?.();
        deps.logger.warn(
          { requestId, method: req.method, path: req.path, workspace: asking.workspace, ms },
          'slow query',
        );
      }
    } catch (error) {
      sendFailure(deps, req, res, error);
    }
  };
}

/** Refuses the methods that a path of the read side does not have. */
export function onlyMethod(deps: QueryDeps, method: 'GET' | 'POST'): RequestHandler {
  return (req, res) => {
    res.setHeader('allow', method);
    sendFailure(
      deps,
      req,
      res,
      new Problem('method_not_allowed', `use ${method} here, not ${req.method}`, { field: 'method' }),
    );
  };
}

/** The client left before it had its answer: there is nobody to tell. */
class ClientGone extends Error {}

/** Answers with the Problem that `error` is; what nobody expected is a 500 that is logged with the request's id. */
export function sendFailure(deps: QueryDeps, req: IncomingMessage, res: ServerResponse, error: unknown): void {
  if (error instanceof ClientGone || res.destroyed) return;
  const given = res.getHeader(REQUEST_ID);
  const requestId = typeof given === 'string' ? given : deps.clock.uuid();
  const problem = asProblem(error);
  if (problem.code === 'internal' || error instanceof TablesError) {
    deps.logger.error({ err: error, requestId, method: req.method, url: req.url }, 'a question failed');
  }
  if (res.headersSent) {
    res.destroy();
    return;
  }
  res.setHeader(REQUEST_ID, requestId);
  // what is left of a body that was too large is not worth reading
  if (!req.complete && problem.code === 'too_large') res.setHeader('connection', 'close');
  answerProblem(res, problem, requestId);
}

// ClickHouse's codes for a question that asks for more than one question may
const TOO_MUCH = new Map([
  [158, 'it reads too many rows'],
  [159, `it takes longer than ${String(limits.queryMsMax)} ms`],
  [160, `it would take longer than ${String(limits.queryMsMax)} ms`],
  [307, 'it reads too many bytes'],
  [396, 'its answer is too large'],
]);

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TablesError) {
    const excess = TOO_MUCH.get(error.code);
    if (excess !== undefined) return new Problem('limit_exceeded', `the question asks for too much: ${excess}`);
    if (error.retriable) return new Problem('unavailable', 'the tables do not answer at the moment');
  }
  return new Problem('internal', 'an internal error; the request id is in the log of the server');
}
