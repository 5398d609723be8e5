/** `runlog demo`: starts a server on a folder of its own, trains the sweep with a progress bar, prints the best runs and keeps serving. */
import os from 'node:os';
import path from 'node:path';
import { experiment, ownRanking, rankedBy, runDemo } from '../demo/main.js';
import type { TopAnswer } from '../query/api.js';
import { formatTop } from './commands.js';
import type { ServerConfig } from './config.js';
import { createServerClient } from './http-client.js';
import { createProgress } from './progress.js';
import { startServer } from './serve.js';

export const demoData = path.join(os.homedir(), '.runlog', 'demo');
const best = 5;

export interface DemoCommandOptions {
  readonly once: boolean;
  /** A server that runs already; without it one is started. */
  readonly url?: string;
  readonly key?: string;
}

/** Resolves with the exit code once the table is printed (`once`), or when the server was stopped. */
export async function demoCommand(
  options: DemoCommandOptions,
  config: ServerConfig,
  out: NodeJS.WriteStream,
): Promise<number> {
  const started = options.url === undefined ? await startServer(config) : undefined;
  if (started !== undefined && !started.ok) {
    process.stderr.write(`runlog: ${started.error}\n`);
    return 1;
  }
  const server = started?.value;
  const url = options.url ?? server?.url ?? '';
  try {
    const page = `${url}/experiments/${encodeURIComponent(experiment)}`;
    if (server !== undefined)
      out.write(`Server ready in ${(server.startedInMs / 1000).toFixed(1)} s at ${url}, data in ${config.data}\n`);
    out.write(`Watch the curves while it trains: ${page}\n\n`);
    const progress = createProgress(out);
    const report = await runDemo({ url, onProgress: (done, total, note) => progress.update(done, total, note) });
    progress.end();

    const client = createServerClient(url, options.key);
    const question = new URLSearchParams({
      metric: rankedBy,
      k: String(best),
      order: 'max',
      experiment,
      filter: `group = '${report.group}'`,
      at: report.position,
    });
    const answer = await client.get<TopAnswer>(`/top?${question.toString()}`);
    const told = answer.runs.map(({ run }) => run.id);
    const own = ownRanking(report, best).map(({ id }) => id);
    if (told.join() !== own.join()) {
      process.stderr.write(`runlog: the server ranks ${told.join(', ')} but the demo counted ${own.join(', ')}\n`);
      return 1;
    }
    out.write(`${String(report.runs.length)} runs, ${report.points.toLocaleString('en')} points. The five best:\n\n`);
    out.write(`${formatTop(answer, rankedBy)}\n\n`);
    out.write(`${page}\n`);
    if (options.once || server === undefined) return 0;
    out.write('Serving until you press Ctrl+C.\n');
    await stopSignal();
    return 0;
  } finally {
    await server?.stop();
  }
}

/** Resolves at the first SIGINT or SIGTERM. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      resolve();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}
