/** Runlog's figures for the same work: frames, the Python SDK, JSON, and what lies on disk once everything is level. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import readline from 'node:readline';
import { packageRoot } from '../../runtime/entry.js';
import type { RunAnswer, SeriesAnswer, TopAnswer } from '../../query/api.js';
import { runLoadProcess } from '../load-child.js';
import { mergePositions } from '../../sdk/typescript/src/position.js';
import { waitUntilQueryable } from '../queryable.js';
import type { ServerProcess } from '../server-process.js';
import type { MlflowEnvironment } from './environment.js';
import { inParallel, JsonClient, medianMs, serialPerSecond } from './json-client.js';
import { settledDisk, type DiskUse } from './runlog-disk.js';
import * as load from './workload.js';

const pythonProcesses = 2;
const pythonRuns = load.writers / pythonProcesses;
/** Points of the SDK's load per second of the run's length. */
const pythonPointsPerSecond = 150_000;
const loopCalls = 100_000;
/** Raw points are handed out when a chart has room for all of a window. */
const windowPoints = 5_000;

export interface RunlogMeasured {
  readonly figures: load.Figures;
  readonly disk: DiskUse;
  readonly points: number;
}

const countOf = async (client: JsonClient, run: string): Promise<number> => {
  const answer = await client.get<RunAnswer>(`/api/v1/runs/${run}`);
  return Object.values(answer.run.metrics).reduce((sum, metric) => sum + metric.count, 0);
};

async function checkCounts(client: JsonClient, expected: ReadonlyMap<string, number>): Promise<void> {
  for (const [run, points] of expected) {
    const found = await countOf(client, run);
    if (found !== points) throw new Error(`${run}: ${String(points)} points acknowledged, ${String(found)} found`);
  }
}

/** Points per second until queryable, in runs of its own; `acknowledged` grows by what was sent. */
async function floodFrames(
  client: JsonClient,
  name: string,
  framePoints: number,
  seconds: number,
  acknowledged: Map<string, number>,
): Promise<number> {
  const { url } = client;
  const runs = Array.from({ length: load.writers }, (_, w) => `${name}-${String(w)}`);
  for (const id of runs) await client.post('/api/v1/runs', { id, experiment: 'flood' });
  const begun = performance.now();
  const report = await runLoadProcess({
    url,
    runs,
    writersPerRun: 1,
    writerPrefix: name,
    keys: load.keysPerRun,
    framePointsMin: framePoints,
    framePointsMax: framePoints,
    points: Number.MAX_SAFE_INTEGER,
    secondsMax: seconds,
    concurrency: load.writers,
  });
  const startup = performance.now() - begun - report.seconds * 1000;
  await waitUntilQueryable(url, runs[0] ?? '', report.position);
  const took = (performance.now() - begun - startup) / 1000;
  for (const [run, points] of Object.entries(report.acknowledged)) {
    acknowledged.set(run, (acknowledged.get(run) ?? 0) + points);
  }
  return Object.values(report.acknowledged).reduce((a, b) => a + b, 0) / took;
}

interface PythonReport {
  readonly logSeconds: number;
  readonly seconds: number;
  readonly points: number;
  readonly complete: boolean;
  readonly positions: readonly string[];
}

/** Python processes that log in turns to their runs, started together; seconds until all of it is queryable. */
async function logByPython(
  python: string,
  url: string,
  prefixes: readonly string[],
  [runs, keys, steps]: readonly [number, number, number],
): Promise<{ readonly seconds: number; readonly reports: readonly PythonReport[] }> {
  const script = path.join(packageRoot, 'bench', 'mlflow', 'log-runlog.py');
  const sdk = path.join(packageRoot, 'sdk', 'python', 'src');
  const children = prefixes.map((prefix) => {
    const args = [script, url, prefix, String(runs), String(keys), String(steps), sdk];
    const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return { child, lines };
  });
  try {
    for (const { lines } of children)
      if ((await lines.next()).value !== 'ready') throw new Error('the SDK did not start');
    const begun = performance.now();
    for (const { child } of children) child.stdin.end('go\n');
    const reports = await Promise.all(
      children.map(async ({ lines }) => JSON.parse(String((await lines.next()).value)) as PythonReport),
    );
    for (const [i, { positions }] of reports.entries()) {
      for (const position of positions) await waitUntilQueryable(url, `${prefixes[i] ?? ''}-0`, position);
    }
    const seconds = (performance.now() - begun) / 1000;
    if (reports.some(({ complete }) => !complete)) throw new Error('the SDK dropped points');
    return { seconds, reports };
  } finally {
    await Promise.all(
      children.map(async ({ child }) => {
        if (child.exitCode !== null) return;
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }),
    );
  }
}

async function floodBySdk(client: JsonClient, python: string, url: string, seconds: number): Promise<number> {
  const steps = Math.ceil((pythonPointsPerSecond * seconds) / (load.writers * load.keysPerRun));
  const prefixes = Array.from({ length: pythonProcesses }, (_, i) => `sdk-${String(i)}`);
  const flooded = await logByPython(python, url, prefixes, [pythonRuns, load.keysPerRun, steps]);
  const runs = prefixes.flatMap((prefix) => Array.from({ length: pythonRuns }, (_, i) => `${prefix}-${String(i)}`));
  await checkCounts(client, new Map(runs.map((run) => [run, steps * load.keysPerRun])));
  return (runs.length * steps * load.keysPerRun) / flooded.seconds;
}

async function seedRanked(client: JsonClient): Promise<string> {
  let position: string | undefined;
  await inParallel(load.rankedRuns, load.writers, async (i) => {
    const id = `ranked-${String(i)}`;
    await client.post('/api/v1/runs', { id, experiment: 'ranked', params: load.rankedParams(i) });
    const series = Object.entries(load.rankedMetrics(i)).map(([key, value]) => ({ key, steps: [0], values: [value] }));
    const answer = await client.post<{ position: string }>(`/api/v1/runs/${id}/points`, {
      writer: 'w',
      seq: 0,
      series,
    });
    position = mergePositions(position, answer.position);
  });
  return position ?? '';
}

async function topMs(client: JsonClient): Promise<number> {
  const query = new URLSearchParams({
    metric: 'val_acc',
    k: String(load.topK),
    experiment: 'ranked',
    filter: `params.optimizer = '${load.topOptimizer}'`,
  });
  const question = `/api/v1/top?${query.toString()}`;
  const values = (await client.get<TopAnswer>(question)).runs.map(({ value }) => value);
  if (JSON.stringify(values) !== JSON.stringify(load.expectedTop())) {
    throw new Error(`Runlog's top ${String(load.topK)}: ${JSON.stringify(values)}`);
  }
  return medianMs(40, () => client.text('GET', question));
}

async function seedHistory(client: JsonClient): Promise<void> {
  await client.post('/api/v1/runs', { id: 'history', experiment: 'ranked' });
  const batch = 10_000;
  let position = '';
  for (let seq = 0; seq < load.historyPoints / batch; seq++) {
    const steps = Array.from({ length: batch }, (_, i) => seq * batch + i);
    const values = steps.map(() => Math.random());
    const body = { writer: 'w', seq, series: [{ key: 'loss', steps, values }] };
    ({ position } = await client.post<{ position: string }>('/api/v1/runs/history/points', body));
  }
  await waitUntilQueryable(client.url, 'history', position);
}

/** Every raw point, window after window. */
async function readHistory(client: JsonClient): Promise<number> {
  let points = 0;
  for (let from = 0; from < load.historyPoints; from += windowPoints) {
    const range = { from, to: from + windowPoints - 1, buckets: windowPoints };
    const answer = await client.post<SeriesAnswer>('/api/v1/series', { runs: ['history'], keys: ['loss'], ...range });
    const [line] = answer.series;
    if (line?.raw !== true) throw new Error('a window of the history is not raw');
    points += line.last.length;
  }
  return points;
}

export async function measureRunlog(
  environment: MlflowEnvironment,
  server: ServerProcess,
  data: string,
  seconds: number,
): Promise<RunlogMeasured> {
  const { url } = server;
  const client = new JsonClient(url, load.writers);
  try {
    const acknowledged = new Map<string, number>();
    await floodFrames(client, 'warm', load.batchPoints, 3, acknowledged);
    const pointsPerS = await floodFrames(client, 'small', load.batchPoints, seconds, acknowledged);
    await checkCounts(client, acknowledged);
    // taken here, as MLflow's: nothing but the flood is there
    const points = [...acknowledged.values()].reduce((a, b) => a + b, 0);
    const disk = await settledDisk(data);
    const largeFramesPointsPerS = await floodFrames(client, 'large', 5_000, seconds / 2, acknowledged);
    await checkCounts(client, acknowledged);
    console.log(
      `Runlog: ${String([...acknowledged.values()].reduce((a, b) => a + b, 0))} points in frames acknowledged and counted`,
    );
    await logByPython(environment.python, url, ['sdk-warm'], [2, load.keysPerRun, 2_000]);
    const sdkPointsPerS = await floodBySdk(client, environment.python, url, seconds / 2);
    const loop = await logByPython(environment.python, url, ['serial'], [1, 1, loopCalls]);
    await checkCounts(client, new Map([['serial-0', loopCalls]]));

    await client.post('/api/v1/runs', { id: 'single', experiment: 'ranked' });
    const singlePerS = await serialPerSecond(seconds / 3, (i) =>
      client.text('POST', '/api/v1/runs/single/points', {
        writer: 'w',
        seq: i,
        series: [{ key: 'loss', steps: [i], values: [1 / (i + 1)] }],
      }),
    );
    await waitUntilQueryable(url, 'ranked-0', await seedRanked(client));
    const top = await topMs(client);
    await seedHistory(client);
    if ((await readHistory(client)) !== load.historyPoints) throw new Error('the history is not whole');
    const figures: load.Figures = {
      name: 'Runlog',
      pointsPerS,
      largeFramesPointsPerS,
      sdkPointsPerS,
      logCallsPerS: loopCalls / (loop.reports[0]?.logSeconds ?? NaN),
      loggedPerS: loopCalls / loop.seconds,
      singlePerS,
      topMs: top,
      historyMs: await medianMs(8, () => readHistory(client)),
      chartMs: await medianMs(40, () =>
        client.text('POST', '/api/v1/series', { runs: ['history'], keys: ['loss'], buckets: 1000 }),
      ),
      tableBytesPerPoint: disk.tables / points,
      allBytesPerPoint: disk.all / points,
    };
    return { figures, disk, points };
  } finally {
    client.close();
  }
}
