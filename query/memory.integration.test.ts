/** Answers over HTTP are remembered while the tables stand still, and no longer; proven by emptying tables behind the service's back. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../runtime/limits.js';
import { startQueryWorld, type QueryWorld } from '../test/query-world.js';
import type { RunRow, SearchAnswer, SeriesAnswer } from './api.js';

const NOW = Date.UTC(2026, 5, 1);
const OTHER = { 'x-test-workspace': 'other' };

let world: QueryWorld;
beforeAll(async () => {
  world = await startQueryWorld({ nowMs: NOW });
});
afterAll(() => world?.stop());

const empty = async (...tables: string[]) => {
  for (const table of tables)
    await world.clickhouse.writer.command(`TRUNCATE TABLE ${world.clickhouse.database}.${table}`);
};

async function rowOf(run: string, columns?: readonly string[], headers = {}): Promise<RunRow> {
  const { status, body } = await world.post(
    '/search',
    { filter: `id = '${run}'`, ...(columns && { columns }) },
    headers,
  );
  expect(status, JSON.stringify(body)).toBe(200);
  const [row] = (body as SearchAnswer).runs;
  if (row === undefined) throw new Error(`no run ${run}`);
  return row;
}

async function chartOf(run: string, question: object = {}, headers = {}): Promise<SeriesAnswer['series'][number]> {
  const { status, body } = await world.post('/series', { runs: [run], keys: ['loss'], ...question }, headers);
  expect(status, JSON.stringify(body)).toBe(200);
  const [line] = (body as SeriesAnswer).series;
  if (line === undefined) throw new Error(`no line of ${run}`);
  return line;
}

const start = (run: string, lr: string) =>
  ({ type: 'start', run, experiment: 'e', at: NOW, params: { lr, width: '8' }, tags: { team: 'nlp' } }) as const;
const log = (run: string, value: number, step = 0) =>
  ({ type: 'log', run, key: 'loss', at: NOW, points: [[step, value]] }) as const;

describe('while the tables stand still', () => {
  it('runs are remembered whole, and parts of them by what changes it', async () => {
    await world.happen([start('kept', '0.1'), log('kept', 1)]);
    const before = await rowOf('kept');
    expect(before).toMatchObject({
      params: { lr: '0.1', width: '8' },
      tags: { team: 'nlp' },
      metrics: { loss: { last: 1 } },
    });
    await empty('params_by_run', 'tags_by_run', 'series_by_run', 'seen');
    expect(await rowOf('kept')).toEqual(before);
    expect(await rowOf('kept', ['params.lr', 'metrics.loss', 'params.none'])).toEqual({
      ...before,
      params: { lr: '0.1' },
      tags: {},
    });
    // points moved the tables: what control facts alone change is remembered still
    await world.happen([{ type: 'heartbeat', run: 'kept', at: NOW + 5 }]);
    expect(await rowOf('kept')).toEqual({ ...before, metrics: {}, seenAt: NOW + 5 });
    await world.happen([{ type: 'update', run: 'kept', notes: 'new' }]);
    expect(await rowOf('kept')).toMatchObject({ notes: 'new', params: {}, tags: {} });
  });

  it('a change is in the next answer', async () => {
    await world.happen([start('live', '0.1'), log('live', 1)]);
    await rowOf('live');
    await chartOf('live');
    await world.happen([log('live', 2, 1)]);
    expect(await rowOf('live')).toMatchObject({ metrics: { loss: { last: 2, count: 2 } } });
    expect((await chartOf('live')).last).toEqual([1, 2]);
    await world.happen([
      { type: 'params', run: 'live', params: { lr: '0.2' } },
      { type: 'update', run: 'live', name: 'renamed', tags: { team: null, host: 'h' } },
    ]);
    expect(await rowOf('live')).toMatchObject({
      name: 'renamed',
      params: { lr: '0.2', width: '8' },
      tags: { host: 'h' },
    });
  });

  it('charts and the lines that they zoom into are remembered', async () => {
    await world.happen([start('chart', '0.1'), log('chart', 1), log('chart', 2, 1)]);
    const whole = await chartOf('chart');
    await empty('series_by_run');
    expect((await chartOf('chart', { from: 1 })).last).toEqual([2]);
    await empty('points');
    expect(await chartOf('chart')).toEqual(whole);
    await world.happen([{ type: 'heartbeat', run: 'chart', at: NOW }]);
    const { body } = await world.post('/series', { runs: ['chart'], keys: ['loss'] });
    expect((body as SeriesAnswer).series).toEqual([]);
  });

  it('a run that falls silent counts as crashed', async () => {
    await world.happen([start('silent', '0.1'), log('silent', 1)]);
    expect((await rowOf('silent')).status).toBe('running');
    world.clock.advance(limits.crashedAfterMs + 1);
    expect((await rowOf('silent')).status).toBe('crashed');
  });

  it('nothing is remembered of another workspace', async () => {
    await world.happen([start('same', '0.1'), log('same', 1)]);
    await world.happen([start('same', '0.5'), log('same', 5)], 'other');
    expect((await rowOf('same')).params['lr']).toBe('0.1');
    expect((await chartOf('same')).last).toEqual([1]);
    expect((await rowOf('same', undefined, OTHER)).params['lr']).toBe('0.5');
    expect((await chartOf('same', {}, OTHER)).last).toEqual([5]);
    expect((await rowOf('same')).params['lr']).toBe('0.1');
    expect((await chartOf('same')).last).toEqual([1]);
    expect(
      (await world.post('/series', { runs: ['same'], keys: ['loss'] }, { 'x-test-workspace': 'none' })).status,
    ).toBe(404);
  });
});
