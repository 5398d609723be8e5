/** Refused requests in the log: one line per kind and interval with how many there were, so that a flood of them does not flood the log. */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { Logger } from '../runtime/logger.js';
import type { Problem } from '../runtime/problem.js';

const PATH_CHARS = 200;

export function createRefusalLog(logger: Logger, clock: Clock) {
  /** By code and method: both closed lists. */
  const kinds = new Map<string, { saidAt: number; unsaid: number }>();
  return (problem: Problem, request: Pick<IncomingMessage, 'method' | 'url'>, requestId?: string): void => {
    const { method = '' } = request;
    const name = `${problem.code} ${method}`;
    const kind = kinds.get(name) ?? { saidAt: -Infinity, unsaid: 0 };
    kinds.set(name, kind);
    kind.unsaid += 1;
    if (clock.monotonic() - kind.saidAt < limits.refusalLogIntervalMs) return;
    const fields = {
      ...{ code: problem.code, status: problem.status, method, requests: kind.unsaid, requestId },
      path: (request.url ?? '').split('?')[0]?.slice(0, PATH_CHARS),
      field: problem.extras.field,
    };
    const level = problem.status >= 500 || problem.retriable ? 'warn' : 'info';
    logger[level](fields, 'requests were refused');
    Object.assign(kind, { saidAt: clock.monotonic(), unsaid: 0 });
  };
}
