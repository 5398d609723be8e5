/** Writes a Problem as an answer: the one way that every edge says no. */
import type { ServerResponse } from 'node:http';
import type { Problem } from './problem.js';

/** `requestId` is what the log of the server knows the request by. The answer must not have begun. */
export function answerProblem(res: ServerResponse, problem: Problem, requestId?: string): void {
  const bytes = Buffer.from(JSON.stringify({ ...problem.body(), ...(requestId === undefined ? {} : { requestId }) }));
  res.statusCode = problem.status;
  for (const [name, value] of Object.entries(problem.headers())) res.setHeader(name, value);
  res.setHeader('content-length', bytes.length);
  if (problem.code === 'unauthorized') res.setHeader('www-authenticate', 'Bearer realm="runlog"');
  res.end(bytes);
}
