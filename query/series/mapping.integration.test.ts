/** What charts do beyond the exact case: time mapped through rollups, bounds on the work, refusals, and how tables are read. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SeriesAnswer } from '../api.js';
import { event, runStarted } from '../../test/control-events.js';
import type { WrittenPoint } from '../../test/projected-tables.js';
import { expectAnswer } from '../../test/reference/expect-series.js';
import { referenceAnswer } from '../../test/reference/series-reference.js';
import { startSeriesServer, type SeriesServer } from '../../test/series-server.js';

let server: SeriesServer;
beforeAll(async () => {
  server = await startSeriesServer();
});
afterAll(() => server.stop());

const START_MS = 1_760_000_000_000;
const curve = (
  points: number,
  timeOf: (i: number) => number = (i) => START_MS + 10 * i,
  key = 'loss',
): WrittenPoint[] =>
  Array.from({ length: points }, (_, i) => ({
    key,
    context: '',
    step: BigInt(i),
    micro: 0,
    time: timeOf(i),
    value: Math.sin(i / 50) + (i % 7),
  }));

/** Each bucket of 64 steps as a whole in the cell of its first time. */
function mappedBuckets(points: readonly WrittenPoint[], { x, width }: SeriesAnswer) {
  const cells = x.map(() => ({ count: 0, min: Infinity, max: -Infinity, first: NaN, last: NaN }));
  for (let at = 0; at < points.length; at += 64) {
    const bucket = points.slice(at, at + 64);
    const cell = cells[Math.floor(((bucket[0]?.time ?? 0) - (x[0] ?? 0)) / width)];
    if (cell === undefined) continue;
    if (cell.count === 0) cell.first = bucket[0]?.value ?? NaN;
    cell.count += bucket.length;
    cell.last = bucket.at(-1)?.value ?? NaN;
    cell.min = Math.min(cell.min, ...bucket.map(({ value }) => value));
    cell.max = Math.max(cell.max, ...bucket.map(({ value }) => value));
  }
  return cells;
}

describe('a chart over time of many points', () => {
  beforeEach(() => server.empty({ seriesTimeRawPoints: 1000, seriesRawPointsMax: 20_000 }));

  const ask = (more: object = {}) => server.ask({ runs: ['a'], keys: ['loss'], x: 'time', buckets: 8, ...more });

  it('places whole buckets by their first time, and says so', async () => {
    const points = curve(5000);
    await server.tables.apply(runStarted('a'));
    await server.tables.write('a', points.slice(0, 3000));
    await server.tables.write('a', points.slice(3000));
    const { body } = await ask();
    expect(body.mapping).toBe('rollup');
    const [line] = body.series;
    // the first slice ends within a bucket: its part is placed by its own first time
    const parts = [...mappedBuckets(points.slice(0, 3000), body).entries()].map(([i, cell]) => {
      const rest = mappedBuckets(points.slice(3000, 3008), body)[i];
      const after = mappedBuckets(points.slice(3008), body)[i];
      return cell.count + (rest?.count ?? 0) + (after?.count ?? 0);
    });
    expect(line?.count).toEqual(parts);
    expect(line?.count?.reduce((a, b) => a + b, 0)).toBe(5000);
    expect(Math.min(...(line?.min?.map(Number) ?? []))).toBe(Math.min(...points.map(({ value }) => value)));
  });

  it('is the same in one slice, cell by cell', async () => {
    const points = curve(5000);
    await server.tables.apply(runStarted('a'));
    await server.tables.write('a', points);
    const { body } = await ask();
    const wanted = mappedBuckets(points, body);
    const [line] = body.series;
    expect(body.mapping).toBe('rollup');
    expect(line?.count).toEqual(wanted.map(({ count }) => count));
    expect(line?.min).toEqual(wanted.map(({ min }) => min));
    expect(line?.max).toEqual(wanted.map(({ max }) => max));
    expect(line?.first).toEqual(wanted.map(({ first }) => first));
    expect(line?.last).toEqual(wanted.map(({ last }) => last));
  });

  it('zooms to the buckets that begin in the window', async () => {
    const points = curve(20_000);
    await server.tables.apply(runStarted('a'));
    await server.tables.write('a', points);
    const window = { from: START_MS + 40_000, to: START_MS + 160_000 };
    const { body } = await ask(window);
    expect(body.mapping).toBe('rollup');
    const begins = points.filter((_, i) => i % 64 === 0).filter(({ time }) => time >= window.from && time <= window.to);
    expect(body.series[0]?.count?.reduce((a, b) => a + b, 0)).toBe(64 * begins.length);
  });

  it.each([
    ['a point that was logged late', (i: number) => START_MS + (i === 100 ? 40_000 : 10 * i)],
    ['times that go back', (i: number) => START_MS + (i < 2500 ? 10 * i : 10 * (i - 1000))],
    ['a pause within a bucket', (i: number) => START_MS + 10 * i + (i > 1000 ? 3_000_000 : 0)],
  ])('is read point by point, and exact, with %s', async (_, timeOf) => {
    const points = curve(5000, timeOf);
    await server.tables.apply(runStarted('a'));
    await server.tables.write('a', points);
    const { body } = await ask();
    const question = { runs: ['a'], keys: ['loss'], x: 'time', buckets: 8 };
    expectAnswer(body, referenceAnswer([{ id: 'a', points }], question), 'read point by point');
  });

  it('is refused when points that must be read are too many, and served when the window is short enough', async () => {
    const points = curve(25_000, (i) => START_MS + (i % 2 === 0 ? 10 * i : 10 * i + 1000));
    await server.tables.apply(runStarted('a'));
    await server.tables.write('a', points);
    expect(await ask()).toMatchObject({ status: 422, body: { code: 'limit_exceeded', field: 'x' } });
    const window = { from: START_MS + 100_000, to: START_MS + 150_000 };
    const { body } = await ask(window);
    const question = { runs: ['a'], keys: ['loss'], x: 'time', buckets: 8, ...window };
    expectAnswer(body, referenceAnswer([{ id: 'a', points }], question), 'a short window');
  });
});

describe('the work of a chart', () => {
  it('is bounded: cells of one answer, points that are joined', async () => {
    await server.empty({ seriesCellsMax: 100, seriesJoinedPointsMax: 1000 });
    await server.tables.apply(runStarted('a'));
    await server.tables.write('a', [...curve(600), ...curve(600, undefined, 'epoch')]);
    const question = { runs: ['a'], keys: ['loss', 'epoch'] };
    expect((await server.ask({ ...question, buckets: 50 })).status).toBe(200);
    expect(await server.ask({ ...question, buckets: 51 })).toMatchObject({ status: 422, body: { field: 'buckets' } });
    expect(await server.ask({ runs: ['a'], keys: ['loss'], buckets: 10, x: 'epoch' })).toMatchObject({
      status: 422,
      body: { field: 'x' },
    });
  });

  it('touches only the parts of the tables that hold the line', async () => {
    await server.empty();
    await server.tables.apply(runStarted('a'), runStarted('b'), runStarted('c'));
    for (const run of ['a', 'b', 'c']) {
      const keys = ['loss', 'acc', 'lr'];
      await server.tables.write(
        run,
        keys.flatMap((key) => curve(30_000, undefined, key)),
      );
    }
    await server.clickhouse.writer.command(`SYSTEM START MERGES ${server.clickhouse.database}.points`);
    await server.clickhouse.writer.command(`OPTIMIZE TABLE ${server.clickhouse.database}.points FINAL`);
    const asked = server.statements();
    await server.ask({ runs: ['b'], keys: ['loss'], buckets: 1000, from: 10_000, to: 10_500 });
    await server.ask({ runs: ['b'], keys: ['loss'], buckets: 100 });
    const charts = asked.filter(({ sql }) => /FROM (points|rollups)/.test(sql));
    expect(charts.length).toBeGreaterThanOrEqual(2);
    for (const { sql, options } of charts) {
      const plan = await server.clickhouse.writer.query(
        `EXPLAIN indexes = 1 ${sql.replace(/FORMAT \w+$/, '')}`,
        options,
      );
      const text = plan.map((row) => String(row['explain'])).join('\n');
      const last = sql.includes('FROM points') ? 'step' : 'bucket';
      expect(text).toMatch(
        new RegExp(`PrimaryKey\\s+Keys:[\\s\\S]*run[\\s\\S]*key[\\s\\S]*${last === 'bucket' ? 'level' : last}`),
      );
      const granules = [...text.matchAll(/Granules: (\d+)\/(\d+)/g)].map(([, read, all]) => [
        Number(read),
        Number(all),
      ]);
      expect(granules.length).toBeGreaterThan(0);
      for (const [read = 0, all = 0] of granules) if (all > 3) expect(read).toBeLessThanOrEqual(2);
    }
  });
});

describe('POST /series', () => {
  beforeAll(async () => {
    await server.empty();
    await server.tables.apply(runStarted('a'), runStarted('gone'), event('RunDeleted', { run: 'gone' }));
    await server.tables.write('a', curve(10));
  });

  it.each([
    [{ runs: ['a', 'nobody'], keys: ['loss'] }, 404, 'runs[1]'],
    [{ runs: ['gone'], keys: ['loss'] }, 410, 'runs[0]'],
    [{ runs: ['a'], keys: ['loss'], from: 2, to: 1 }, 400, 'from'],
    [{ runs: [], keys: ['loss'] }, 400, 'runs'],
    [{ runs: ['a'], keys: [] }, 400, 'keys'],
    [{ runs: ['a'], keys: ['loss'], buckets: 0 }, 400, 'buckets'],
    [{ runs: ['a'], keys: ['loss'], buckets: 1e9 }, 400, 'buckets'],
    [{ runs: ['a'], keys: ['loss'], from: '1' }, 400, 'from'],
    [{ runs: ['a'], keys: ['loss'], colour: 'red' }, 400, 'colour'],
  ])('refuses %j with %i and names %s', async (question, status, field) => {
    expect(await server.ask(question)).toMatchObject({ status, body: { field } });
  });

  it('has no line for a key that was never logged', async () => {
    const { body } = await server.ask({ runs: ['a'], keys: ['nothing', 'loss', 'o\'hare \\ "`'] });
    expect(body.series.map(({ key }) => key)).toEqual(['loss']);
  });

  it('names each run and key once, however often they are asked for', async () => {
    const { body } = await server.ask({ runs: ['a', 'a'], keys: ['loss', 'loss'] });
    expect(body.series).toHaveLength(1);
  });

  it('sees a rewind as soon as its position is reached', async () => {
    await server.tables.apply(runStarted('r'));
    await server.tables.write('r', curve(10));
    const question = { runs: ['r'], keys: ['loss'] };
    expect((await server.ask(question)).body.series[0]?.last).toHaveLength(10);
    await server.tables.apply(event('RunRewound', { run: 'r', step: 4 }));
    expect((await server.ask(question)).body.series[0]?.last).toHaveLength(4);
  });

  it('serves a window without points as a line without points', async () => {
    const { body } = await server.ask({ runs: ['a'], keys: ['loss'], from: 100, to: 200 });
    expect(body).toEqual({
      x: [],
      width: 0,
      mapping: 'exact',
      series: [{ run: 'a', key: 'loss', context: {}, raw: true, x: [], last: [] }],
    });
  });
});
