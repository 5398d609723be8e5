/** MLflow's figures: its REST API as its own client calls it, on kept connections, and its own Python client. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../runtime/entry.js';
import type { MlflowEnvironment } from './environment.js';
import { inParallel, JsonClient, medianMs, serialPerSecond } from './json-client.js';
import type { MlflowServer } from './servers.js';
import * as load from './workload.js';

const api = '/api/2.0/mlflow';
/** The most that a page may hold. */
const pagePoints = 25_000;
const warmSeconds = 2;

interface Metric {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
}
interface HistoryPage {
  readonly metrics?: readonly Metric[];
  readonly next_page_token?: string;
}
interface SearchPage {
  readonly runs?: readonly { readonly data: { readonly metrics: readonly Metric[] } }[];
}

async function createRun(client: JsonClient, experiment: string, name: string): Promise<string> {
  const body = { experiment_id: experiment, start_time: Date.now(), run_name: name };
  const { run } = await client.post<{ run: { info: { run_id: string } } }>(`${api}/runs/create`, body);
  return run.info.run_id;
}

const createExperiment = async (client: JsonClient, name: string): Promise<string> =>
  (await client.post<{ experiment_id: string }>(`${api}/experiments/create`, { name })).experiment_id;

async function readHistory(client: JsonClient, run: string, key: string): Promise<number> {
  let points = 0;
  let token: string | undefined = '';
  while (token !== undefined) {
    const query = new URLSearchParams({ run_id: run, metric_key: key, max_results: String(pagePoints) });
    if (token !== '') query.set('page_token', token);
    const page: HistoryPage = await client.get<HistoryPage>(`${api}/metrics/get-history?${query.toString()}`);
    points += page.metrics?.length ?? 0;
    token = page.next_page_token === '' ? undefined : page.next_page_token;
  }
  return points;
}

/** Values as the generator of frames makes them: half float32 noise, half decimals of four digits. */
const valueOf = (k: number): number =>
  k % 2 === 0 ? Math.fround(Math.random() * 2 - 1) : Math.round(Math.random() * 10_000) / 10_000;

async function flood(client: JsonClient, experiment: string, seconds: number) {
  const runs = await Promise.all(
    Array.from({ length: load.writers }, (_, w) => createRun(client, experiment, `flood-${String(w)}`)),
  );
  const steps = load.batchPoints / load.keysPerRun;
  const next = new Map(runs.map((run) => [run, 0]));
  let failures = 0;
  const write = async (until: number, run: string) => {
    while (performance.now() < until) {
      const first = next.get(run) ?? 0;
      const now = Date.now();
      const metrics = Array.from({ length: load.batchPoints }, (_, i) => {
        const k = Math.floor(i / steps);
        const step = first + (i % steps);
        return { key: load.floodKey(k), value: valueOf(k), timestamp: now + 7 * (i % steps), step };
      });
      // a batch that failed is sent again: rows that are there already do not count twice
      const body = JSON.stringify({ run_id: run, metrics });
      while ((await client.request('POST', `${api}/runs/log-batch`, body)).status !== 200) failures += 1;
      next.set(run, first + steps);
    }
  };
  const forSeconds = async (length: number) => {
    const before = [...next.values()].reduce((a, b) => a + b, 0);
    const begun = performance.now();
    await Promise.all(runs.map((run) => write(begun + length * 1000, run)));
    const points = ([...next.values()].reduce((a, b) => a + b, 0) - before) * load.keysPerRun;
    return (points * 1000) / (performance.now() - begun);
  };
  await forSeconds(warmSeconds);
  const perSecond = await forSeconds(seconds);
  const sent = [...next.values()].reduce((a, b) => a + b, 0) * load.keysPerRun;
  let found = 0;
  await inParallel(runs.length * load.keysPerRun, 8, async (i) => {
    const run = runs[Math.floor(i / load.keysPerRun)] ?? '';
    const points = await readHistory(client, run, load.floodKey(i % load.keysPerRun));
    found += points;
  });
  if (found !== sent) throw new Error(`MLflow acknowledged ${String(sent)} points and has ${String(found)}`);
  return { perSecond, sent, failures };
}

async function logInLoop(environment: MlflowEnvironment, url: string, seconds: number): Promise<number> {
  const script = path.join(packageRoot, 'bench', 'mlflow', 'serial-mlflow.py');
  const env = { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: 'true' };
  const { stdout } = await promisify(execFile)(environment.python, [script, url, String(seconds)], { env });
  const report = stdout.trim().split('\n').at(-1) ?? '';
  const { calls, seconds: took } = JSON.parse(report) as { calls: number; seconds: number };
  return calls / took;
}

async function seedRanked(client: JsonClient, experiment: string): Promise<void> {
  await inParallel(load.rankedRuns, load.writers, async (i) => {
    const run = await createRun(client, experiment, `ranked-${String(i)}`);
    const timestamp = Date.now();
    const metrics = Object.entries(load.rankedMetrics(i)).map(([key, value]) => ({ key, value, timestamp, step: 0 }));
    const params = Object.entries(load.rankedParams(i)).map(([key, value]) => ({ key, value }));
    await client.post(`${api}/runs/log-batch`, { run_id: run, metrics, params });
  });
}

async function topMs(client: JsonClient, experiment: string): Promise<number> {
  const question = {
    experiment_ids: [experiment],
    filter: `params.optimizer = '${load.topOptimizer}'`,
    order_by: ['metrics.val_acc DESC'],
    max_results: load.topK,
  };
  const { runs = [] } = await client.post<SearchPage>(`${api}/runs/search`, question);
  const values = runs.map((run) => run.data.metrics.find(({ key }) => key === 'val_acc')?.value);
  if (JSON.stringify(values) !== JSON.stringify(load.expectedTop())) {
    throw new Error(`MLflow's top ${String(load.topK)}: ${JSON.stringify(values)}`);
  }
  return medianMs(40, () => client.text('POST', `${api}/runs/search`, question));
}

async function seedHistory(client: JsonClient, experiment: string): Promise<string> {
  const run = await createRun(client, experiment, 'history');
  const now = Date.now();
  await inParallel(load.historyPoints / load.batchPoints, 1, async (i) => {
    const metrics = Array.from({ length: load.batchPoints }, (_, j) => {
      const step = i * load.batchPoints + j;
      return { key: 'loss', value: valueOf(step), timestamp: now + 100 * step, step };
    });
    await client.post(`${api}/runs/log-batch`, { run_id: run, metrics });
  });
  return run;
}

export async function measureMlflow(
  environment: MlflowEnvironment,
  server: MlflowServer,
  seconds: number,
): Promise<load.Figures> {
  const client = new JsonClient(server.url, load.writers);
  try {
    const before = server.bytes();
    const flooded = await flood(client, await createExperiment(client, 'flood'), seconds);
    const after = server.bytes();
    console.log(
      `${server.name}: ${String(flooded.sent)} points acknowledged and counted, ${String(flooded.failures)} requests refused, ${String(client.resets)} cut off`,
    );
    const callsPerS = await logInLoop(environment, server.url, seconds / 2);
    const ranked = await createExperiment(client, 'ranked');
    const single = await createRun(client, ranked, 'single');
    const singlePerS = await serialPerSecond(seconds / 3, (i) =>
      client.text('POST', `${api}/runs/log-metric`, {
        run_id: single,
        key: 'loss',
        value: 1 / (i + 1),
        timestamp: Date.now(),
        step: i,
      }),
    );
    await seedRanked(client, ranked);
    const top = await topMs(client, ranked);
    const run = await seedHistory(client, ranked);
    if ((await readHistory(client, run, 'loss')) !== load.historyPoints) throw new Error('the history is not whole');
    const historyMs = await medianMs(3, () => readHistory(client, run, 'loss'));
    const chart = `/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids=${run}&metric_key=loss&max_results=1000`;
    return {
      name: server.name,
      pointsPerS: flooded.perSecond,
      logCallsPerS: callsPerS,
      loggedPerS: callsPerS,
      singlePerS,
      topMs: top,
      historyMs,
      chartMs: await medianMs(20, () => client.text('GET', chart)),
      tableBytesPerPoint: (after.tables - before.tables) / flooded.sent,
      allBytesPerPoint: (after.all - before.all) / flooded.sent,
    };
  } finally {
    client.close();
  }
}
