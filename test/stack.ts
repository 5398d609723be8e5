/** A whole server for tests: the built program as a process of its own on a folder of its own, as a user runs it. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startServerProcess, type ServerProcess } from '../bench/server-process.js';
import { ScaledStack } from './services/scaled-stack.js';

export interface Stack {
  readonly data: string;
  /** Changes with every restart. */
  url(): string;
  server(): ServerProcess;
  /** Starts the program again on the same folder, after a stop or a kill. */
  start(): Promise<void>;
  /** Stops everything of ours in order and starts it again on what it had. */
  restart(): Promise<void>;
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

/** The engine that a process of ours watches over. */
export function engineOf(parent: number): number | undefined {
  return childrenOf(parent).find((pid) => {
    try {
      return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').includes('clickhouse/child');
    } catch {
      return false; // it ended meanwhile
    }
  });
}

/** Which topology the suite is run on: see vitest.config.ts. */
export const isScaled = process.env['RUNLOG_TEST_STACK'] === 'scaled';

export async function startStack(flags: readonly string[] = []): Promise<Stack> {
  return isScaled ? startScaled(flags) : startEmbedded(flags);
}

async function startScaled(flags: readonly string[]): Promise<Stack> {
  const scaled = await ScaledStack.start(flags);
  const unavailable = (): never => {
    throw new Error('the scaled stack has several of them: such a test is about the embedded one');
  };
  return {
    get data(): string {
      return unavailable();
    },
    url: () => scaled.url,
    server: unavailable,
    start: unavailable,
    started: () => Promise.resolve(),
    async restart() {
      for (const instance of [...scaled.apis, ...scaled.projectors]) {
        await instance.process.stop();
        await instance.restart();
      }
    },
    clickhousePid: unavailable,
    stop: () => scaled.stop(),
  };
}

async function startEmbedded(flags: readonly string[]): Promise<Stack> {
  const data = mkdtempSync(path.join(os.tmpdir(), 'runlog-stack-'));
  let server = await startServerProcess(data, flags);
  let starting = Promise.resolve();
  const stack: Stack = {
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
    async restart() {
      await server.stop();
      await stack.start();
    },
    clickhousePid: () => engineOf(server.pid),
    async stop() {
      await server.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
  return stack;
}
