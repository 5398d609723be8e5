/** Writes a Problem as an answer: the one way that every edge says no, and where whoever counts refusals hears of them. */
import type { ServerResponse } from 'node:http';
import type { Problem } from './problem.js';

/** What is emitted on a response, with the Problem and the id of the request, before it is answered with one. */
export const PROBLEM_EVENT = 'runlog-problem';

/** The second is what makes a browser ask whoever opened the page for a key, and send it from then on. */
const CHALLENGES = [
  'Bearer realm="runlog"',
  'Basic realm="Runlog: any name, and an API key as the password", charset="UTF-8"',
];

/** `requestId` is what the log of the server knows the request by. The answer must not have begun. */
export function answerProblem(res: ServerResponse, problem: Problem, requestId?: string): void {
  const bytes = Buffer.from(JSON.stringify({ ...problem.body(), ...(requestId === undefined ? {} : { requestId }) }));
  res.emit(PROBLEM_EVENT, problem, requestId);
  res.statusCode = problem.status;
  for (const [name, value] of Object.entries(problem.headers())) res.setHeader(name, value);
  res.setHeader('content-length', bytes.length);
  if (problem.code === 'unauthorized') res.setHeader('www-authenticate', CHALLENGES);
  res.end(bytes);
}
