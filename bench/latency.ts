/** `bench -- latency`: what others notice while points flood in: creating a run, and a point from its log call until a read shows it. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { kafkaMissing, TestBroker } from '../test/services/kafka.js';
import { runLoadProcess } from './load-child.js';
import { startServerProcess } from './server-process.js';

interface Written {
  readonly position: string;
}

const floods = [
  { name: 'nothing beside it', runs: 0 },
  { name: '40 runs at full load', runs: 40 },
  { name: 'one run at full flood', runs: 1 },
] as const;

async function send(url: string, at: string, body: object): Promise<Written> {
  for (;;) {
    const response = await fetch(`${url}/api/v1${at}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (response.ok) return (await response.json()) as Written;
    const text = await response.text();
    if (response.status !== 429 && response.status !== 503)
      throw new Error(`${at}: ${String(response.status)} ${text}`);
  }
}

/** Resolves when a read that waits for the position is answered. */
async function visible(url: string, run: string, position: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/api/v1/runs/${run}?at=${position}`);
    await response.arrayBuffer();
    if (response.ok) return;
    if (response.status !== 503) throw new Error(`reading ${run}: ${String(response.status)}`);
  }
}

const quantile = (sorted: readonly number[], share: number) =>
  (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN).toFixed(0).padStart(5);

function line(what: string, times: number[], goal: string): string {
  times.sort((a, b) => a - b);
  return `  ${what.padEnd(28)} p50 ${quantile(times, 0.5)}   p99 ${quantile(times, 0.99)}   of ${String(times.length)}   ${goal}`;
}

export async function benchLatency(args: readonly string[]): Promise<void> {
  const seconds = Number(/--seconds=(\d+)/.exec(args.join(' '))?.[1] ?? 20);
  const onKafka = /--log[= ]kafka/.test(args.join(' '));
  const missing = onKafka ? kafkaMissing() : undefined;
  if (missing !== undefined) {
    console.log(`skipped: ${missing}`);
    return;
  }
  const data = mkdtempSync(path.join(os.tmpdir(), 'runlog-bench-'));
  const broker = onKafka ? await TestBroker.start() : undefined;
  const server = await startServerProcess(data, broker === undefined ? [] : ['--kafka', broker.address]);
  try {
    console.log(
      `ms over HTTP, ${String(seconds)} s each; one run is created, one point logged and read back at a time`,
    );
    for (const flood of floods) await measure(server.url, flood, seconds);
  } finally {
    await server.stop();
    await broker?.dispose();
    rmSync(data, { recursive: true, force: true });
  }
}

async function measure(url: string, flood: (typeof floods)[number], seconds: number): Promise<void> {
  const name = `flood-${String(flood.runs)}`;
  const ids = Array.from({ length: flood.runs }, (_, i) => `${name}-${String(i)}`);
  for (const id of ids) await send(url, '/runs', { id, experiment: name });
  let over = false;
  const load =
    ids.length === 0
      ? undefined
      : runLoadProcess({
          ...{ url, runs: ids, writersPerRun: 160 / ids.length, writerPrefix: 'flood', keys: 50, concurrency: 8 },
          ...{ framePointsMin: 1000, framePointsMax: 5000, points: 1e12, secondsMax: seconds },
        }).finally(() => (over = true));
  const creations: number[] = [];
  const sights: number[] = [];
  const until = performance.now() + seconds * 1000;
  for (let i = 0; performance.now() < until && !over; i++) {
    const id = `${name}-other-${String(i)}`;
    const begun = performance.now();
    await send(url, '/runs', { id, experiment: name });
    creations.push(performance.now() - begun);
    const logged = performance.now();
    const { position } = await send(url, `/runs/${id}/points`, {
      writer: 'w',
      seq: 0,
      series: [{ key: 'loss', steps: [0], values: [i] }],
    });
    await visible(url, id, position);
    sights.push(performance.now() - logged);
  }
  const report = await load;
  const rate =
    report === undefined
      ? ''
      : `, ${(Object.values(report.acknowledged).reduce((a, b) => a + b, 0) / report.seconds / 1e6).toFixed(2)} M points/s acknowledged, ${String(report.retries)} told to come back`;
  console.log(`${flood.name}${rate}`);
  console.log(line('creating a run', creations, flood.runs === 0 ? '' : 'goal p99 ≤ 100'));
  console.log(line('a point, log → visible', sights, flood.runs === 0 ? '' : 'goal p99 ≤ 1000'));
}
