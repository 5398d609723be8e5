/** Top-k where runs tie at its end: the smaller ids win, whether few tie or many. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../runtime/limits.js';
import { startQueryWorld, type QueryWorld } from '../../test/query-world.js';
import type { TopAnswer } from '../api.js';

const NOW = Date.UTC(2026, 5, 1);
const MANY = limits.topTiesMax + 5;

let world: QueryWorld;
beforeAll(async () => {
  world = await startQueryWorld({ nowMs: NOW });
  // in an order that is neither that of ids nor its reverse; the last two are in byte order, which is not the order of UTF-16
  const many = Array.from({ length: MANY }, (_, i) => `run-${String((i * 7) % MANY).padStart(3, '0')}`);
  const few = ['😀', 'z', '～', 'a'];
  await world.happen(
    [...many, ...few, 'best'].flatMap((run) => [
      { type: 'start', run, experiment: 'e', at: NOW },
      { type: 'log', run, key: few.includes(run) ? 'few' : 'many', at: NOW, points: [[0, run === 'best' ? 2 : 1]] },
    ]),
  );
  await world.happen([{ type: 'log', run: 'best', key: 'few', at: NOW, points: [[0, 2]] }]);
});
afterAll(() => world?.stop());

async function top(metric: string, k: number, order = 'max'): Promise<string[]> {
  const { status, body } = await world.get(`/top?metric=${metric}&k=${String(k)}&order=${order}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return (body as TopAnswer).runs.map(({ run }) => run.id);
}

describe('top-k with ties', () => {
  it('takes the smaller ids of few', async () => {
    expect(await top('few', 1)).toEqual(['best']);
    expect(await top('few', 3)).toEqual(['best', 'a', 'z']);
    expect(await top('few', 4)).toEqual(['best', 'a', 'z', '～']);
    expect(await top('few', 10)).toEqual(['best', 'a', 'z', '～', '😀']);
    expect(await top('few', 2, 'min')).toEqual(['a', 'z']);
  });

  it('takes the smaller ids of many', async () => {
    expect(await top('many', 3)).toEqual(['best', 'run-000', 'run-001']);
    expect(await top('many', 3, 'min')).toEqual(['run-000', 'run-001', 'run-002']);
    expect(await top('many', MANY + 10)).toHaveLength(MANY + 1);
  });
});
