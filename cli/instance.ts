/** What every process of ours does alike on its folder and its port: one at a time on a folder, an address to print, a sentence for a port that is taken. */
import { statfs } from 'node:fs/promises';
import { lockFolder, type Lock } from '../events/file-log-lock.js';
import { realFileOps } from '../events/file-ops.js';
import type { Clock } from '../runtime/clock.js';
import { err, ok, type Result } from '../runtime/result.js';

/** For as long as the process has it; a sentence that says who has it otherwise. */
export const lockData = (data: string, clock: Clock): Promise<Result<Lock, string>> =>
  lockFolder(realFileOps, data, clock.uuid()).then(ok, (cause: Error) => err(cause.message));

/** Bytes free on the disk that the folder is on. */
export async function freeBytesOf(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}

export const addressOf = (host: string, port: number): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${String(port)}`;

/** The sentence for an error of listening, when it is that one. */
export const portTaken = (error: unknown, port: number): string | undefined =>
  error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
    ? `port ${String(port)} is taken: choose another with --port, or 0 for any free one`
    : undefined;
