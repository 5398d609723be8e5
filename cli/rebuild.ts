/** `runlog rebuild`: starts a rebuild on a server and shows how far it is until it is over. */
import type { RebuildStatus } from '../projector/rebuild-progress.js';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { ServerProblem, type ServerClient } from './http-client.js';
import type { Progress } from './progress.js';

export interface RebuildCommandOptions {
  readonly json?: boolean;
}

/** Resolves with what to print when it is done; throws a ServerProblem with the reason when it was given up. */
export async function rebuildCommand(
  client: ServerClient,
  progress: Progress,
  clock: Pick<Clock, 'sleep'>,
  options: RebuildCommandOptions,
): Promise<string> {
  let status = await client.post<RebuildStatus>('/admin/rebuild', {});
  while (status.phase !== 'done' && status.phase !== 'failed') {
    progress.update(status.bytes, status.totalBytes, noteOf(status));
    await clock.sleep(limits.taskPollMs);
    status = await client.get<RebuildStatus>('/admin/rebuild');
  }
  if (status.phase === 'done') progress.update(1, 1, noteOf(status));
  progress.end();
  if (status.error !== null) throw new ServerProblem(0, `the rebuild was given up: ${status.error}`);
  if (options.json === true) return JSON.stringify(status, undefined, 2);
  const seconds = ((status.endedAt ?? 0) - (status.startedAt ?? 0)) / 1000;
  return `the tables were rebuilt: ${status.points.toLocaleString('en')} points in ${seconds.toFixed(1)} s`;
}

function noteOf({ phase, points, pointsPerSecond, secondsLeft, waiting }: RebuildStatus): string {
  if (waiting !== null) return `waits: ${waiting}`;
  if (phase === 'switching') return 'switching readers';
  if (phase === 'dropping') return 'dropping the old tables';
  const rate = `${points.toLocaleString('en')} points, ${pointsPerSecond.toLocaleString('en')}/s`;
  return secondsLeft === null || phase === 'done' ? rate : `${rate}, about ${String(secondsLeft)} s left`;
}
