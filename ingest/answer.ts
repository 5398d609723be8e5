/** How every answer leaves: JSON or a Problem, with the id of the request and, after a write, its position. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppendError } from '../events/event-log.js';
import type { Logger } from '../runtime/logger.js';
import { answerProblem } from '../runtime/problem-answer.js';
import { Problem } from '../runtime/problem.js';

export const REQUEST_ID_HEADER = 'Runlog-Request-Id';
export const POSITION_HEADER = 'Runlog-Position';

/** The client went away before its request was whole: there is nobody to answer. */
export class RequestAborted extends Error {}

/** The answer's own `position`, where it has one, is sent as a header too. */
export function sendJson(res: ServerResponse, status: number, body: object): void {
  const bytes = Buffer.from(JSON.stringify(body));
  res.statusCode = status;
  res.setHeader('content-type', 'application/json');
  res.setHeader('content-length', bytes.length);
  if ('position' in body && typeof body.position === 'string') res.setHeader(POSITION_HEADER, body.position);
  res.end(bytes);
}

/** What went wrong as a Problem. Whatever is not expected is a bug: 500, logged, and told without its text. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof AppendError) {
    return new Problem('unavailable', 'the event log does not take records at the moment', {
      retryAfterS: error.retriable ? 1 : 10,
    });
  }
  if (isHttpError(error)) return new Problem('invalid_request', error.message, { field: 'url' });
  return new Problem('internal', 'an internal error; the request id is in the log of the server');
}

/** Express throws these for URLs that it can not decode. */
const isHttpError = (error: unknown): error is Error & { status: number } =>
  error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status < 500;

export interface Failure {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly error: unknown;
  readonly requestId: string;
  readonly logger: Logger;
}

/** Answers with the Problem that `error` is. Closes the connection when the rest of the body is not worth reading. */
export function sendProblem({ req, res, error, requestId, logger }: Failure): void {
  if (error instanceof RequestAborted) return;
  const problem = toProblem(error);
  if (problem.code === 'internal' || error instanceof AppendError) {
    logger.error({ err: error, requestId, method: req.method }, 'a request failed');
  }
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const endless = !req.complete && (problem.code === 'too_large' || req.headers['content-length'] === undefined);
  if (endless) res.setHeader('connection', 'close');
  answerProblem(res, problem, requestId);
}
