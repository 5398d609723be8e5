/** `runlog backup`: starts a backup on a server and shows how far it is until it is over. */
import path from 'node:path';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { BackupStatus } from './backup.js';
import { ServerProblem, type ServerClient } from './http-client.js';
import type { Progress } from './progress.js';

const NOTES: Readonly<Record<BackupStatus['phase'], string>> = {
  none: '',
  tables: 'holding the tables still for a moment',
  state: 'copying the state',
  log: 'copying the log',
  files: 'copying the tables',
  checksums: 'computing checksums',
  done: 'done',
  failed: '',
};

/** Resolves with what to print when it is done; throws a ServerProblem with the reason when there is none. */
export async function backupCommand(
  client: ServerClient,
  progress: Progress,
  clock: Pick<Clock, 'sleep'>,
  options: { readonly to: string; readonly json?: boolean },
): Promise<string> {
  let status = await client.post<BackupStatus>('/admin/backup', { to: path.resolve(options.to) });
  while (status.phase !== 'done' && status.phase !== 'failed') {
    progress.update(status.bytes, Math.max(1, status.totalBytes), NOTES[status.phase]);
    await clock.sleep(limits.taskPollMs);
    status = await client.get<BackupStatus>('/admin/backup');
  }
  if (status.phase === 'done') progress.update(1, 1, NOTES.done);
  progress.end();
  if (status.error !== null) throw new ServerProblem(0, `no backup was made: ${status.error}`);
  if (options.json === true) return JSON.stringify(status, undefined, 2);
  return `${status.to ?? ''} is a backup at position ${status.position ?? ''}`;
}
