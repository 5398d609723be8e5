/** The embedded ClickHouse as a process of its own, the way servers on one machine share it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { entryFile } from '../../runtime/entry.js';

export class ClickHouseProcess {
  private constructor(
    private readonly dir: string,
    /** With user and password, as `--clickhouse` takes it; stays the same. */
    readonly address: string,
    private child: ChildProcess,
  ) {}

  static async start(): Promise<ClickHouseProcess> {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'runlog-clickhouse-alone-'));
    const { child, address } = await launch(dir, '0');
    return new ClickHouseProcess(dir, address, child);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Again on the same folder and port. */
  async start(): Promise<void> {
    this.child = (await launch(this.dir, new URL(this.address).port)).child;
  }

  /** SIGTERM, or SIGKILL of the process that watches over the engine, with which the engine ends. */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill(signal);
    });
  }

  async dispose(): Promise<void> {
    await this.end();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function launch(dir: string, port: string): Promise<{ child: ChildProcess; address: string }> {
  const child = spawn(process.execPath, [entryFile('cli/main'), 'clickhouse', '--data', dir, '--port', port], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`runlog clickhouse ended with ${String(code)}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const address = /RUNLOG_CLICKHOUSE=(\S+)/.exec(line)?.[1];
      if (address !== undefined) resolve({ child, address });
    });
  });
}
