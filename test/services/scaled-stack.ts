/** The scaled topology on one machine: a broker, ClickHouse by itself, two instances of the API behind a round-robin proxy, two projectors. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startServerProcess, type ServerProcess, type ServerRole } from '../../bench/server-process.js';
import { ClickHouseProcess } from './clickhouse.js';
import { TestBroker } from './kafka.js';
import { startRoundRobin, type RoundRobin } from './round-robin.js';

/** One of our own processes, which keeps its folder over restarts. */
export class Instance {
  private constructor(
    readonly role: ServerRole,
    private readonly data: string,
    private readonly flags: readonly string[],
    private current: ServerProcess,
  ) {}

  static async start(role: ServerRole, data: string, flags: readonly string[]): Promise<Instance> {
    return new Instance(role, data, flags, await startServerProcess(data, flags, role));
  }

  get process(): ServerProcess {
    return this.current;
  }

  async restart(onSpawn?: (child: ChildProcess) => void): Promise<void> {
    this.current = await startServerProcess(this.data, this.flags, this.role, onSpawn);
  }

  /** It loses its folder; only while it is stopped. */
  forget(): void {
    rmSync(this.data, { recursive: true, force: true });
  }
}

export class ScaledStack {
  private constructor(
    private readonly dir: string,
    readonly broker: TestBroker,
    readonly clickhouse: ClickHouseProcess,
    readonly apis: readonly Instance[],
    readonly projectors: readonly Instance[],
    private readonly proxy: RoundRobin,
  ) {}

  static async start(flags: readonly string[] = []): Promise<ScaledStack> {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'runlog-scaled-'));
    const [broker, clickhouse] = await Promise.all([TestBroker.start(), ClickHouseProcess.start()]);
    const shared = ['--kafka', broker.address, '--clickhouse', clickhouse.address, ...flags];
    const start = (role: ServerRole, name: string) => Instance.start(role, path.join(dir, name), shared);
    // the first makes topics and tables; the others find them
    const api = await start('api', 'api-0');
    const [other, ...projectors] = await Promise.all([
      start('api', 'api-1'),
      start('projector', 'projector-0'),
      start('projector', 'projector-1'),
    ]);
    const apis = [api, other];
    const proxy = await startRoundRobin(() => apis.map((instance) => instance.process.url));
    return new ScaledStack(dir, broker, clickhouse, apis, projectors, proxy);
  }

  /** Breaks off every connection through the proxy. */
  cut(): void {
    this.proxy.cut();
  }

  /** Of the proxy. */
  get url(): string {
    return this.proxy.url;
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
    await Promise.all([...this.apis, ...this.projectors].map((instance) => instance.process.stop()));
    await Promise.all([this.broker.dispose(), this.clickhouse.dispose()]);
    rmSync(this.dir, { recursive: true, force: true });
  }
}
