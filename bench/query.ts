/**
 * `npm run bench -- query`: questions over HTTP on 10 000 runs × 20 series, p50 and p99 of each, with its goal. Answers are remembered
 * while the tables stand still, so each question is measured three times: the position stands still, or is moved before each request.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import http from 'node:http';
import express from 'express';
import { connect } from '../clickhouse/client.js';
import { startEmbedded } from '../clickhouse/embedded.js';
import { migrate } from '../clickhouse/migrate.js';
import { createPositionBoard, type PositionBoard } from '../events/position-board.js';
import { createQueryRouter } from '../query/router.js';
import { systemClock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { silentLogger } from '../runtime/logger.js';
import { longKey, longPoints, longRun, seededRuns, seededWorkspace, seedLongSeries, seedRuns } from './query-seed.js';

interface Question {
  readonly name: string;
  readonly goalMs?: number;
  readonly path: string;
  /** Makes it a POST. */
  readonly body?: object;
  /** Whether the answer is what the seed makes; a fast wrong answer is no answer. */
  readonly isRight: (answer: never) => boolean;
}

const get = (name: string, path: string, isRight: Question['isRight'], goalMs?: number): Question => ({
  name,
  path,
  isRight,
  ...(goalMs === undefined ? {} : { goalMs }),
});

const encode = encodeURIComponent;
type Runs = { readonly runs: readonly { readonly metrics: object; readonly params: object }[]; readonly total: number };

const questions: readonly Question[] = [
  get(
    'top-k, two predicates',
    `/top?metric=val_acc&k=10&filter=${encode('params.lr = 0.01 AND params.width > 50')}`,
    (answer: { runs: unknown[] }) => answer.runs.length === 10,
    20,
  ),
  get(
    'top-k, two predicates, one experiment',
    `/top?metric=val_acc&k=10&experiment=experiment-3&filter=${encode('params.lr = 0.01 AND params.width > 50')}`,
    (answer: { runs: unknown[] }) => answer.runs.length === 10,
  ),
  get('top-k, none', '/top?metric=val_acc&k=10', (answer: { runs: unknown[] }) => answer.runs.length === 10),
  {
    name: 'search page, by a metric, 100 rows, all columns',
    goalMs: 50,
    path: '/search',
    body: { orderBy: ['metrics.val_acc DESC'], limit: 100 },
    isRight: ({ runs, total }: Runs) =>
      runs.length === 100 && total === seededRuns && runs.every(({ metrics }) => Object.keys(metrics).length === 20),
  },
  {
    name: 'search page, default order, 100 rows, 3 columns',
    path: '/search',
    body: { limit: 100, columns: ['params.lr', 'metrics.loss', 'metrics.val_acc'] },
    isRight: ({ runs }: Runs) => runs.length === 100 && runs.every(({ params }) => Object.keys(params).length === 1),
  },
  {
    name: 'search page, filter of 6 conditions',
    path: '/search',
    body: {
      filter: `metrics.val_acc > 0.5 AND params.lr IN (0.01, 0.1) AND (tags.team = 'nlp' OR name ~ '^bert-1') AND NOT status = 'failed' AND started > '2026-01-02'`,
      orderBy: ['metrics.loss.min', 'params.lr DESC'],
      limit: 100,
    },
    isRight: ({ runs }: Runs) => runs.length === 100,
  },
  get(
    'run page',
    '/runs/run-77',
    (answer: { run: { metrics: object } }) => Object.keys(answer.run.metrics).length === 20,
  ),
  {
    name: 'compare 50 runs',
    path: '/compare',
    body: {
      runs: Array.from({ length: 50 }, (_, i) => `run-${String(i * 100)}`),
      reference: 'run-0',
      onlyDifferent: true,
    },
    isRight: (answer: { metrics: unknown[] }) => answer.metrics.length === 20,
  },
  get('experiments', '/experiments', (answer: { experiments: unknown[] }) => answer.experiments.length === 10),
  get('columns', '/columns', (answer: { metrics: unknown[] }) => answer.metrics.length === 20),
];

type Chart = { readonly series: readonly { readonly max: readonly number[]; readonly count: readonly number[] }[] };

const isWholeSeries = ({ series: [line] }: Chart) =>
  line !== undefined &&
  line.count.reduce((a, b) => a + b, 0) === longPoints &&
  line.max.reduce((a, b) => Math.max(a, b)) === longPoints;

/** Asked when the long series is there, so that the other questions are about runs that are all alike. */
const chartQuestions: readonly Question[] = [1000, 200].map((buckets) => ({
  name: `series of a ${String(longPoints / 1e6)} M-point metric, ${String(buckets)} buckets`,
  ...(buckets === 1000 ? { goalMs: 10 } : {}),
  path: '/series',
  body: { runs: [longRun], keys: [longKey], buckets },
  isRight: isWholeSeries,
}));

const repeats = 60;

/** What happens to the position before each request. */
const moves = ['facts and points', 'points', 'nothing'] as const;
type Move = (typeof moves)[number];

/** Moves the position on as the projector would; the tables are left alone. */
function createMover(board: PositionBoard): (what: Move) => void {
  let [control, points] = [0, 0];
  return (what) => {
    if (what === 'facts and points') control++;
    if (what !== 'nothing') points++;
    board.publish({ epoch: board.reached().epoch, control, metrics: [points] });
  };
}

export async function benchQuery(): Promise<void> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'runlog-bench-'));
  const clock = systemClock;
  const started = await startEmbedded({
    dir,
    memoryBytesMax: limits.embeddedMemoryBytesMax,
    clock,
    logger: silentLogger,
  });
  if (!started.ok) throw new Error(started.error.detail);
  const { url, writer: writes, querier: reads } = started.value;
  const writer = connect({ url, credentials: writes, clock });
  const reader = connect({ url, credentials: reads, clock });
  const app = express();
  const authenticate = () => ({ workspace: seededWorkspace });
  const board = createPositionBoard('bench', clock);
  app.use(
    '/api/v1',
    createQueryRouter({ tables: reader, database: 'runlog', board, clock, logger: silentLogger, authenticate }),
  );
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await migrate(writer, 'runlog');
    await seedRuns(writer, 'runlog');
    const base = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/api/v1`;
    const move = createMover(board);
    console.log(
      `${String(seededRuns)} runs × 20 series, 5 parameters, 2 tags; ms over HTTP, p50 and p99 of ${String(repeats)}, by what moved before each`,
    );
    console.log(`${' '.repeat(nameWidth)}${moves.map((what) => what.padStart(figureWidth)).join('')}`);
    for (const question of questions) console.log(await measure(base, question, move));
    await seedLongSeries(writer, 'runlog');
    for (const question of chartQuestions) console.log(await measure(base, question, move));
  } finally {
    server.close();
    server.closeAllConnections();
    await Promise.all([writer.close(), reader.close()]);
    await started.value.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

const nameWidth = 52;
const figureWidth = 20;

async function measure(base: string, question: Question, move: (what: Move) => void): Promise<string> {
  const figures: string[] = [];
  for (const what of moves) figures.push(await measureAfter(base, question, () => move(what)));
  const goal = question.goalMs === undefined ? '' : `   goal p50 ≤ ${String(question.goalMs)}`;
  return `${question.name.padEnd(nameWidth)}${figures.map((figure) => figure.padStart(figureWidth)).join('')}${goal}`;
}

async function measureAfter(base: string, question: Question, before: () => void): Promise<string> {
  const agent = new http.Agent({ keepAlive: true });
  const times: number[] = [];
  for (let i = -10; i < repeats; i++) {
    before();
    const begun = performance.now();
    const text = await ask(agent, base, question);
    if (i >= 0) times.push(performance.now() - begun);
    if (i < 0 && !question.isRight(JSON.parse(text) as never))
      throw new Error(`${question.name}: ${text.slice(0, 500)}`);
  }
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(share * times.length)] ?? NaN).toFixed(1).padStart(6);
  return `${at(0.5)} ${at(0.99)}`;
}

function ask(agent: http.Agent, base: string, { path: at, body }: Question): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.request(base + at, {
      agent,
      method: body === undefined ? 'GET' : 'POST',
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${at}: ${String(response.statusCode)} ${text}`));
      });
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
