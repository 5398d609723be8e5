/** The demo: trains the sweep against a running server and keeps its own tally of every number, so that answers can be checked. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { init, mergePositions } from '../sdk/typescript/src/index.js';
import { systemClock } from '../runtime/clock.js';
import { packageRoot } from '../runtime/entry.js';
import { loadDigits } from './digits.js';
import { fullSweep, train, trialsOf, type SweepShape, type Trial } from './sweep.js';
import { Tally } from './tally.js';

export const experiment = 'demo/digits-mlp';
export const rankedBy = 'validation/accuracy';
const splitSeed = 20_240_607;

export interface DemoRun {
  readonly id: string;
  readonly trial: Trial;
  readonly accuracy: number;
  readonly tally: Tally;
}

export interface DemoReport {
  /** Marks the runs of this sweep among those of earlier ones. */
  readonly group: string;
  readonly runs: readonly DemoRun[];
  readonly points: number;
  /** Reads given this position see every point of the sweep. */
  readonly position: string;
}

export interface DemoOptions {
  readonly url: string;
  readonly shape?: SweepShape;
  readonly onProgress?: (done: number, total: number, note: string) => void;
}

function gitCommit(): string | undefined {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: packageRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined; // not a checkout: the run then has no commit, which the page shows
  }
}

function packages(): Record<string, string> {
  const manifest = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    dependencies?: Record<string, string>;
  };
  return { ...manifest.dependencies, [manifest.name]: manifest.version };
}

/** Trains every trial and resolves when the server has acknowledged all. Throws when points were dropped or refused. */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const shape = options.shape ?? fullSweep;
  const digits = loadDigits(path.join(packageRoot, 'demo', 'data', 'digits.csv.gz'), splitSeed);
  const commit = gitCommit();
  const trials = trialsOf(shape);
  const group = `sweep-${new Date(systemClock.now()).toISOString().slice(0, 19).replaceAll(':', '')}`;
  const runs: DemoRun[] = [];
  let points = 0;
  let position: string | undefined;
  for (const [i, trial] of trials.entries()) {
    const name = `lr${String(trial.learningRate)}-w${String(trial.width)}-s${String(trial.seed)}`;
    const run = init({
      url: options.url,
      experiment,
      name,
      group,
      jobType: 'train',
      config: {
        lr: trial.learningRate,
        width: trial.width,
        seed: trial.seed,
        epochs: shape.epochs,
        batch_size: shape.batchSize,
        optimizer: 'sgd',
      },
      tags: { dataset: 'uci-digits' },
      context: {
        ...(commit === undefined ? {} : { git: { commit } }),
        packages: packages(),
        node: process.version,
        seeds: { model: trial.seed, split: splitSeed },
        data: { name: 'uci-digits', sha256: digits.sha256 },
      },
    });
    const tally = new Tally();
    const sink = {
      log(metrics: Readonly<Record<string, number>>, step: number) {
        run.log(metrics, step);
        tally.log(metrics, step);
      },
    };
    // a macrotask between epochs lets the sender work while the model trains
    const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));
    const accuracy = await train(trial, shape, digits, sink, breathe);
    const report = await run.finish();
    if (!report.complete) throw new Error(`run ${name}: not every point reached the server`);
    points += report.sentPoints;
    if (report.position !== undefined) position = mergePositions(position, report.position);
    runs.push({ id: run.id, trial, accuracy, tally });
    options.onProgress?.(i + 1, trials.length, `${name}: validation accuracy ${(accuracy * 100).toFixed(1)} %`);
  }
  return { group, runs, points, position: position ?? '' };
}

/** The ranking from the demo's own numbers: the best accuracies, ties by run id, as top-k promises. */
export const ownRanking = (report: DemoReport, k: number): DemoRun[] =>
  [...report.runs].sort((a, b) => b.accuracy - a.accuracy || (a.id < b.id ? -1 : 1)).slice(0, k);
