/** Processes of the comparison: started in a group of their own, waited for until they answer, ended by their id with all they started. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const stopMsMax = 10_000;
const startMsMax = 120_000;

export interface Child {
  readonly process: ChildProcess;
  /** What it said last, for when it fails. */
  readonly output: () => string;
  stop(): Promise<void>;
}

export function startChild(command: string, args: readonly string[], options: SpawnOptions): Child {
  const child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (part: Buffer): void => {
    output = (output + part.toString()).slice(-4_000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.once('error', (error) => keep(Buffer.from(String(error))));
  const ended = once(child, 'exit').catch(() => undefined);
  const signal = (name: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, name); // the group that was made for it
    } catch {
      // it has ended
    }
  };
  const atExit = () => signal('SIGKILL');
  process.once('exit', atExit);
  return {
    process: child,
    output: () => output,
    async stop() {
      signal('SIGTERM');
      const timer = setTimeout(() => signal('SIGKILL'), stopMsMax);
      if (child.exitCode === null && child.signalCode === null) await ended;
      clearTimeout(timer);
      signal('SIGKILL'); // workers that outlived their parent
      process.off('exit', atExit);
    },
  };
}

export async function waitUntil(child: Child, isReady: () => Promise<boolean>): Promise<void> {
  const begun = performance.now();
  while (!(await isReady().catch(() => false))) {
    const ended = child.process.exitCode !== null || child.process.pid === undefined;
    if (ended || performance.now() - begun > startMsMax) throw new Error(`it did not start: ${child.output()}`);
    await sleep(50);
  }
}

export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
