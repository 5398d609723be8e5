/** Starts the built server as a process of its own on a folder, as a user would. */
import { spawn, type ChildProcess } from 'node:child_process';
import { entryFile } from '../runtime/entry.js';

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** ms from the start of the process until it said that it is ready. */
  readonly readyMs: number;
  readonly process: ChildProcess;
  /** SIGTERM, and resolves when it has ended. */
  stop(): Promise<void>;
  /** SIGKILL, and resolves when it has ended. */
  kill(): Promise<void>;
}

export type ServerRole = 'serve' | 'api' | 'projector';

export function startServerProcess(
  data: string,
  flags: readonly string[] = [],
  role: ServerRole = 'serve',
  /** Told at once, long before it is ready. */
  onSpawn: (child: ChildProcess) => void = () => undefined,
): Promise<ServerProcess> {
  const begun = performance.now();
  const child = spawn(process.execPath, [entryFile('cli/main'), role, '--port', '0', '--data', data, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onSpawn(child);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return new Promise((resolve, reject) => {
    let output = '';
    child.once('exit', (code) => reject(new Error(`the server ended with ${String(code)}: ${output}`)));
    child.stdout.on('data', (part: Buffer) => {
      output += part.toString();
      const url = /page\s+(http:\/\/\S+)/.exec(output)?.[1];
      if (url === undefined) return;
      resolve({
        url,
        pid: child.pid ?? 0,
        readyMs: performance.now() - begun,
        process: child,
        async stop() {
          child.kill('SIGTERM');
          await ended;
        },
        async kill() {
          child.kill('SIGKILL');
          await ended;
        },
      });
    });
  });
}
