/** A whole server for tests: the built program as a process of its own on a folder of its own, as a user runs it. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startServerProcess, type ServerProcess } from '../bench/server-process.js';

export interface Stack {
  readonly data: string;
  /** Changes with every restart. */
  url(): string;
  server(): ServerProcess;
  /** Starts the program again on the same folder, after a stop or a kill. */
  start(): Promise<void>;
  /** Resolves when the newest start is through. */
  started(): Promise<void>;
  /** The pid of the ClickHouse child; undefined while there is none. */
  clickhousePid(): number | undefined;
  /** Ends the server and removes the folder. */
  stop(): Promise<void>;
}

/** Children of a process, from /proc. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid;
      } catch {
        return false; // it ended meanwhile
      }
    })
    .map(Number);
}

export async function startStack(flags: readonly string[] = []): Promise<Stack> {
  const data = mkdtempSync(path.join(os.tmpdir(), 'runlog-stack-'));
  let server = await startServerProcess(data, flags);
  let starting = Promise.resolve();
  return {
    data,
    url: () => server.url,
    server: () => server,
    start() {
      starting = startServerProcess(data, flags).then((next) => {
        server = next;
      });
      return starting;
    },
    started: () => starting,
    clickhousePid() {
      return childrenOf(server.pid).find((pid) => {
        try {
          return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').includes('clickhouse/child');
        } catch {
          return false; // it ended meanwhile
        }
      });
    },
    async stop() {
      await server.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}
