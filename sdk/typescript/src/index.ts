/** The TypeScript SDK of Runlog: `const run = init({experiment, config}); run.log({loss}); await run.finish()`. */
import { Run, type InitOptions } from './run.js';

export { mergePositions } from './position.js';
export { Run } from './run.js';
export type { FinalStatus, FinishReport, InitOptions, Metrics, Params, Scalar } from './run.js';

/** Starts a run and returns at once; the server is told in the background. */
export function init(options: InitOptions): Run {
  const environment: Readonly<Record<string, string | undefined>> = typeof process === 'object' ? process.env : {};
  const url = options.url ?? environment['RUNLOG_URL'] ?? 'http://127.0.0.1:5050';
  const apiKey = options.apiKey ?? environment['RUNLOG_API_KEY'];
  return new Run({ ...options, url, ...(apiKey === undefined ? {} : { apiKey }) });
}
