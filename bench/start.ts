/** `bench -- start`: time until ready on a new and on an existing folder, and memory when idle. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isClickHouse, processTree } from './processes.js';
import { startServerProcess } from './server-process.js';

const repeats = 5;
const idleAfterMs = 10_000;
const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const mb = (bytes: number) => (bytes / 1e6).toFixed(0);

export async function benchStart(): Promise<void> {
  const data = mkdtempSync(path.join(os.tmpdir(), 'runlog-bench-'));
  try {
    const first = await startServerProcess(data);
    console.log(`ready on a new folder       ${(first.readyMs / 1000).toFixed(2)} s`);
    await first.stop();
    const times: number[] = [];
    for (let i = 0; i < repeats; i++) {
      const server = await startServerProcess(data);
      times.push(server.readyMs);
      if (i < repeats - 1) await server.stop();
      else {
        await new Promise((resolve) => setTimeout(resolve, idleAfterMs));
        const before = processTree(server.pid);
        const cpu = before.reduce((sum, use) => sum + use.cpuSeconds, 0);
        await new Promise((resolve) => setTimeout(resolve, idleAfterMs));
        const uses = processTree(server.pid);
        const clickhouse = uses.filter(isClickHouse);
        const total = uses.reduce((sum, use) => sum + use.residentBytes, 0);
        const engine = clickhouse.reduce((sum, use) => sum + use.residentBytes, 0);
        const idleCpu = (uses.reduce((sum, use) => sum + use.cpuSeconds, 0) - cpu) / (idleAfterMs / 1000);
        console.log(
          `ready on an existing folder ${(median(times) / 1000).toFixed(2)} s (median of ${String(repeats)}; goal ≤ 3 s)`,
        );
        console.log(`idle memory, all processes  ${mb(total)} MB (goal ≤ 600), of it ClickHouse ${mb(engine)} MB`);
        console.log(`idle CPU, all processes     ${(idleCpu * 100).toFixed(1)} % of one core`);
        await server.stop();
      }
    }
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}
