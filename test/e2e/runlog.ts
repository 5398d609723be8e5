/** The command line as a process of its own, to its end. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { entryFile } from '../../runtime/entry.js';

const run = promisify(execFile);

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runlog(...args: string[]): Promise<Ended> {
  try {
    const { stdout, stderr } = await run(process.execPath, [entryFile('cli/main'), ...args]);
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as Ended;
    return { code, stdout, stderr };
  }
}
