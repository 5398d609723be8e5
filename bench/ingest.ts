/** `bench -- ingest`: points per second through the whole pipeline until queryable, every count verified, beside the bare reference insert. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { RunAnswer } from '../query/api.js';
import { kafkaMissing, TestBroker } from '../test/services/kafka.js';
import { runLoadProcess } from './load-child.js';
import { isClickHouse, processTree } from './processes.js';
import { waitUntilQueryable } from './queryable.js';
import { runReference } from './reference.js';
import { startServerProcess } from './server-process.js';

const runs = 40;
const writersPerRun = 4;
const keys = 50;
const millions = (n: number) => (n / 1e6).toFixed(2);

async function createRuns(url: string): Promise<string[]> {
  const ids = Array.from({ length: runs }, (_, i) => `load-${String(i)}`);
  for (const id of ids) {
    const response = await fetch(`${url}/api/v1/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id, experiment: 'load', params: { index: id } }),
    });
    if (!response.ok) throw new Error(`creating ${id}: ${String(response.status)} ${await response.text()}`);
  }
  return ids;
}

async function countOf(url: string, run: string): Promise<number> {
  const answer = (await (await fetch(`${url}/api/v1/runs/${run}`)).json()) as RunAnswer;
  return Object.values(answer.run.metrics).reduce((sum, metric) => sum + metric.count, 0);
}

export async function benchIngest(args: readonly string[]): Promise<void> {
  const points = Number(
    /^--points=(\d+)$/.exec(args.find((arg) => arg.startsWith('--points=')) ?? '')?.[1] ?? 30_000_000,
  );
  const log = /--log[= ](\S+)/.exec(args.join(' '))?.[1] ?? 'file';
  if (log !== 'file' && log !== 'kafka') throw new Error(`--log is file or kafka, not ${log}`);
  const missing = log === 'kafka' ? kafkaMissing() : undefined;
  if (missing !== undefined) {
    console.log(`skipped: ${missing}`);
    return;
  }
  const data = mkdtempSync(path.join(os.tmpdir(), 'runlog-bench-'));
  const broker = log === 'kafka' ? await TestBroker.start() : undefined;
  try {
    await measure(points, data, broker === undefined ? [] : ['--kafka', broker.address]);
  } finally {
    await broker?.dispose();
    rmSync(data, { recursive: true, force: true });
  }
}

async function measure(points: number, data: string, flags: readonly string[]): Promise<void> {
  const server = await startServerProcess(data, flags);
  try {
    const ids = await createRuns(server.url);
    const plan = {
      url: server.url,
      runs: ids,
      writersPerRun,
      keys,
      framePointsMin: 1000,
      framePointsMax: 5000,
      concurrency: 8,
    };
    const warm = await runLoadProcess({ ...plan, writerPrefix: 'warm', points: points / 10 }); // warm: code is compiled, sockets are open

    const cpuBefore = new Map(processTree(server.pid).map((use) => [use.pid, use.cpuSeconds]));
    const begun = performance.now();
    const report = await runLoadProcess({ ...plan, writerPrefix: 'load', points });
    const acknowledgedAt = (performance.now() - begun) / 1000;
    await waitUntilQueryable(server.url, ids[0] ?? '', report.position);
    const seconds = (performance.now() - begun) / 1000;
    const sent = Object.values(report.acknowledged).reduce((a, b) => a + b, 0);

    const uses = processTree(server.pid).map((use) => ({
      ...use,
      spent: use.cpuSeconds - (cpuBefore.get(use.pid) ?? 0),
    }));
    const spent = (wanted: (use: (typeof uses)[number]) => boolean) =>
      uses.filter(wanted).reduce((sum, use) => sum + use.spent, 0);
    const perMillion = (cpuSeconds: number) => (cpuSeconds / (sent / 1e6)).toFixed(2);
    const resident = uses.reduce((sum, use) => sum + use.residentBytes, 0);

    let wrong = 0;
    for (const run of ids) {
      const expected = (warm.acknowledged[run] ?? 0) + (report.acknowledged[run] ?? 0);
      if ((await countOf(server.url, run)) !== expected) wrong += 1;
    }
    console.log(
      `points sent               ${millions(sent)} M in ${String(runs)} runs × ${String(writersPerRun)} writers × ${String(keys)} keys`,
    );
    console.log(
      `acknowledged (durable)    ${millions(sent / acknowledgedAt)} M points/s, p50 ${report.latencyMsP50.toFixed(1)} ms, p99 ${report.latencyMsP99.toFixed(1)} ms, ${String(report.retries)} retries`,
    );
    console.log(`durable and queryable     ${millions(sent / seconds)} M points/s (${seconds.toFixed(1)} s)`);
    console.log(
      `CPU seconds per M points  server ${perMillion(spent((use) => !isClickHouse(use)))}, ClickHouse ${perMillion(spent(isClickHouse))}, generator ${perMillion(report.cpuSeconds)}`,
    );
    console.log(`memory, all processes     ${(resident / 1e6).toFixed(0)} MB`);
    console.log(`runs with a wrong count   ${String(wrong)}`);
    await server.stop();
    const reference = await runReference(points);
    console.log(`reference insert          ${millions(reference.pointsPerSecond)} M points/s`);
    console.log(`ratio to the reference    ${(sent / seconds / reference.pointsPerSecond).toFixed(2)} (goal ≥ 0.5)`);
    if (wrong > 0) process.exitCode = 1;
  } finally {
    await server.kill();
  }
}
