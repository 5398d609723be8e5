/** The demo's job through the whole system: what the server says of every series equals what the demo counted itself. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { experiment, ownRanking, rankedBy, runDemo, type DemoReport } from '../../demo/main.js';
import type { RunAnswer, SeriesAnswer, TopAnswer } from '../../query/api.js';
import { startStack, type Stack } from '../stack.js';
import { askUntilAnswered } from './api.js';

let stack: Stack;
let report: DemoReport;

beforeAll(async () => {
  stack = await startStack();
  const shape = { learningRates: [0.05, 0.2], widths: [16, 32], seeds: [1, 2], epochs: 6, batchSize: 32 };
  report = await runDemo({ url: stack.url(), shape });
});
afterAll(() => stack.stop());

describe('after a sweep', () => {
  it('count, last, min, max and last step of every series of every run are exact', async () => {
    expect(report.runs).toHaveLength(8);
    for (const { id, tally } of report.runs) {
      const { body } = await askUntilAnswered<RunAnswer>(stack.url, 'GET', `/api/v1/runs/${id}?at=${report.position}`);
      const told = Object.fromEntries(
        Object.entries(body.run.metrics).map(([key, { count, last, lastStep, min, max }]) => [
          key,
          { count, last, lastStep, min, max },
        ]),
      );
      expect(told).toEqual(Object.fromEntries(tally.series));
    }
  });

  it('top-k ranks the runs as the demo does', async () => {
    for (const order of ['max', 'min'] as const) {
      const question = new URLSearchParams({ metric: rankedBy, k: '8', order, experiment, at: report.position });
      const { body } = await askUntilAnswered<TopAnswer>(stack.url, 'GET', `/api/v1/top?${question.toString()}`);
      const own = ownRanking(
        { ...report, runs: report.runs.map((run) => (order === 'max' ? run : { ...run, accuracy: -run.accuracy })) },
        8,
      );
      expect(body.runs.map(({ run }) => run.id)).toEqual(own.map(({ id }) => id));
    }
  });

  it('a predicate on two parameters leaves the right runs', async () => {
    const filter = 'params.lr = 0.2 AND params.width < 20';
    const question = new URLSearchParams({ metric: rankedBy, experiment, filter, at: report.position });
    const { body } = await askUntilAnswered<TopAnswer>(stack.url, 'GET', `/api/v1/top?${question.toString()}`);
    const own = report.runs.filter(({ trial }) => trial.learningRate === 0.2 && trial.width < 20);
    expect(body.runs.map(({ run }) => run.id).sort()).toEqual(own.map(({ id }) => id).sort());
  });

  it('a curve holds every point: counts add up, minimum and maximum are those of the raw points', async () => {
    const runs = report.runs.map(({ id }) => id);
    const { body } = await askUntilAnswered<SeriesAnswer>(stack.url, 'POST', `/api/v1/series?at=${report.position}`, {
      runs,
      keys: ['train/loss'],
      buckets: 20,
    });
    for (const { id, tally } of report.runs) {
      const line = body.series.find(({ run }) => run === id);
      const own = tally.series.get('train/loss');
      expect(line?.count?.reduce((a, b) => a + b, 0)).toBe(own?.count);
      expect(Math.min(...(line?.min ?? []).filter((v) => v !== null))).toBe(own?.min);
      expect(Math.max(...(line?.max ?? []).filter((v) => v !== null))).toBe(own?.max);
    }
  });

  it('the run carries what it takes to do it again: commit, packages, seeds, data hash', async () => {
    const { body } = await askUntilAnswered<RunAnswer>(stack.url, 'GET', `/api/v1/runs/${report.runs[0]?.id ?? ''}`);
    expect(body.run.context).toMatchObject({
      seeds: { model: 1 },
      data: { name: 'uci-digits' },
      node: process.version,
    });
    expect(body.run.status).toBe('completed');
    expect(body.run.params).toMatchObject({ lr: '0.05', width: '16', seed: '1' });
  });

  it('survives a restart unchanged', async () => {
    const path = `/api/v1/runs/${report.runs[0]?.id ?? ''}`;
    const before = await askUntilAnswered<RunAnswer>(stack.url, 'GET', path);
    await stack.restart();
    const after = await askUntilAnswered<RunAnswer>(stack.url, 'GET', path);
    expect(after.body).toEqual(before.body);
  });
});
