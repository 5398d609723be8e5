/** `bench -- against-mlflow`: the newest MLflow and Runlog on this machine, the same work one after the other, figures side by side. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { prepareMlflow, type MlflowEnvironment } from './mlflow/environment.js';
import { measureMlflow } from './mlflow/measure-mlflow.js';
import { measureRunlog, type RunlogMeasured } from './mlflow/measure-runlog.js';
import { postgresMissing, startMlflow, type StoreKind } from './mlflow/servers.js';
import type { Figures } from './mlflow/workload.js';
import { startServerProcess } from './server-process.js';

type Sense = 'more' | 'less';
interface Line {
  readonly what: string;
  readonly sense: Sense;
  readonly runlog: (figures: Figures) => number | undefined;
  readonly mlflow: (figures: Figures) => number;
  readonly unit: string;
  /** How many times better it is meant to be. */
  readonly goal?: number;
}

const lines: readonly Line[] = [
  {
    what: 'points/s, 20 writers, 1000 points a request (frames)',
    sense: 'more',
    runlog: (f) => f.pointsPerS,
    mlflow: (f) => f.pointsPerS,
    unit: '',
    goal: 100,
  },
  {
    what: 'the same, frames of 5000 points',
    sense: 'more',
    runlog: (f) => f.largeFramesPointsPerS,
    mlflow: (f) => f.pointsPerS,
    unit: '',
    goal: 100,
  },
  {
    what: 'the same by the Python SDK, 20 runs in 2 processes',
    sense: 'more',
    runlog: (f) => f.sdkPointsPerS,
    mlflow: (f) => f.pointsPerS,
    unit: '',
    goal: 100,
  },
  {
    what: 'Python client, calls/s in a loop (Runlog: returns before it is sent)',
    sense: 'more',
    runlog: (f) => f.logCallsPerS,
    mlflow: (f) => f.logCallsPerS,
    unit: '',
  },
  {
    what: 'Python client, points of that loop/s until queryable',
    sense: 'more',
    runlog: (f) => f.loggedPerS,
    mlflow: (f) => f.loggedPerS,
    unit: '',
  },
  {
    what: 'one point per HTTP request, one after another, per s',
    sense: 'more',
    runlog: (f) => f.singlePerS,
    mlflow: (f) => f.singlePerS,
    unit: '',
  },
  {
    what: 'top 10 of 1000 runs, filter on a parameter, p50',
    sense: 'less',
    runlog: (f) => f.topMs,
    mlflow: (f) => f.topMs,
    unit: ' ms',
    goal: 10,
  },
  {
    what: 'history of 100 000 points: chart of 1000 buckets against every point',
    sense: 'less',
    runlog: (f) => f.chartMs,
    mlflow: (f) => f.historyMs,
    unit: ' ms',
    goal: 10,
  },
  {
    what: 'the same, every point on both sides',
    sense: 'less',
    runlog: (f) => f.historyMs,
    mlflow: (f) => f.historyMs,
    unit: ' ms',
  },
  {
    what: 'the same, charts on both sides (1000 buckets; 1000 sampled points)',
    sense: 'less',
    runlog: (f) => f.chartMs,
    mlflow: (f) => f.chartMs,
    unit: ' ms',
  },
  {
    what: 'bytes per point in tables',
    sense: 'less',
    runlog: (f) => f.tableBytesPerPoint,
    mlflow: (f) => f.tableBytesPerPoint,
    unit: ' B',
    goal: 50,
  },
  {
    what: 'bytes per point in all (Runlog: log, tables, state)',
    sense: 'less',
    runlog: (f) => f.allBytesPerPoint,
    mlflow: (f) => f.allBytesPerPoint,
    unit: ' B',
    goal: 25,
  },
];

const significant = (value: number): string =>
  value >= 1000
    ? Math.round(Number(value.toPrecision(3)))
        .toLocaleString('en')
        .replaceAll(',', ' ')
    : String(Number(value.toPrecision(3)));

function table(runlog: Figures, peers: readonly Figures[]): string {
  const head = ['', 'goal', 'Runlog', ...peers.map(({ name }) => name)];
  const rows = lines.map(({ what, sense, runlog: ours, mlflow: theirs, unit, goal }) => {
    const own = ours(runlog) ?? NaN;
    const cells = peers.map((peer) => {
      const other = theirs(peer);
      const times = sense === 'more' ? own / other : other / own;
      return `${significant(other)}${unit} (${significant(times)} ×${goal === undefined ? '' : times >= goal ? ', reached' : ', not reached'})`;
    });
    return [what, goal === undefined ? '' : `${String(goal)} ×`, `${significant(own)}${unit}`, ...cells];
  });
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

async function inFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'runlog-bench-'));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const loadOfMachine = () =>
  `load of the machine ${os.loadavg()[0]?.toFixed(1) ?? '?'} on ${String(os.cpus().length)} cores`;

const ofMlflow = (environment: MlflowEnvironment, kind: StoreKind, workers: number | undefined, seconds: number) =>
  inFolder(async (dir) => {
    const server = await startMlflow(environment, kind, workers, dir);
    try {
      console.log(`${server.name}: ${loadOfMachine()}`);
      return await measureMlflow(environment, server, seconds);
    } finally {
      await server.stop();
    }
  });

const ofRunlog = (environment: MlflowEnvironment, seconds: number): Promise<RunlogMeasured> =>
  inFolder(async (dir) => {
    const server = await startServerProcess(dir);
    try {
      console.log(`Runlog: ${loadOfMachine()}`);
      const measured = await measureRunlog(environment, server, dir, seconds);
      await server.stop();
      return measured;
    } finally {
      await server.kill();
    }
  });

function printDisk({ disk, points }: RunlogMeasured): void {
  const perPoint = (bytes: number) => (bytes / points).toFixed(2);
  console.log(
    `\nRunlog on disk after ${String(points)} points, bytes per point: tables ${perPoint(disk.tables)}, log ${perPoint(disk.log)}, ` +
      `state and the rest ${perPoint(disk.all - disk.tables - disk.log)}; parts that merges replaced, deleted minutes later, not counted: ${perPoint(disk.replaced)}`,
  );
  console.log(disk.parts.map(({ name, bytes }) => `${name} ${perPoint(bytes)}`).join(', '));
}

const flag = (args: readonly string[], name: string): string | undefined =>
  args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);

/** `--seconds=N` of each load, `--stores=sqlite,postgres`, `--workers=default,1`. */
export async function benchAgainstMlflow(args: readonly string[]): Promise<void> {
  const seconds = Number(flag(args, 'seconds') ?? 15);
  const wanted = (flag(args, 'stores') ?? 'sqlite,postgres').split(',');
  const workers = (flag(args, 'workers') ?? 'default,1').split(',');
  const lacking = postgresMissing();
  const kinds = (['sqlite', 'postgres'] as const).filter((kind) => wanted.includes(kind));
  const possible = kinds.filter((kind) => kind === 'sqlite' || lacking === undefined);
  if (possible.length < kinds.length) console.log(`MLflow on Postgres is skipped: ${lacking ?? ''}`);
  const environment = prepareMlflow(possible.includes('postgres'));
  if ('missing' in environment) {
    console.log(`skipped: ${environment.missing}`);
    return;
  }
  // an end from the keyboard ends what was started, too
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  console.log(`MLflow ${environment.version}; every load ${String(seconds)} s or less, over loopback`);
  const peers: Figures[] = [];
  for (const kind of possible) {
    for (const count of workers) {
      try {
        peers.push(await ofMlflow(environment, kind, count === 'default' ? undefined : Number(count), seconds));
      } catch (error) {
        // a figure that could not be taken is missing from the table, the others are there
        console.log(`MLflow on ${kind}, workers ${count}: ${String(error)}`);
        process.exitCode = 1;
      }
    }
  }
  const measured = await ofRunlog(environment, seconds);
  console.log(`\n${table(measured.figures, peers)}`);
  printDisk(measured);
}
