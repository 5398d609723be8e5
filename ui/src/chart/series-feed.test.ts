/** The data of a chart while it is live: small questions, the same curve. */
import { describe, expect, test } from 'vitest';
import type { SeriesAnswer } from '../../../query/api.js';
import type { SeriesQuestion } from '../data/api.js';
import { SeriesFeed } from './series-feed.js';

function setup(question: Partial<SeriesQuestion> = {}) {
  const points: Record<string, [number, number][]> = {
    a: [
      [0, 1],
      [1, 2],
    ],
    b: [[0, 5]],
  };
  const asked: SeriesQuestion[] = [];
  let broken = false;
  let timers: (() => void)[] = [];
  const series = (q: SeriesQuestion): Promise<SeriesAnswer> => {
    asked.push(q);
    if (broken) return Promise.reject(new Error('no'));
    const answers = q.runs.map((run) => {
      const shown = (points[run] ?? []).filter(([x]) => x >= (q.from ?? -Infinity) && x <= (q.to ?? Infinity));
      return { run, key: 'loss', context: {}, raw: true, x: shown.map(([x]) => x), last: shown.map(([, y]) => y) };
    });
    return Promise.resolve({ x: [], width: 0, mapping: 'exact', series: answers.filter((s) => s.x.length > 0) });
  };
  const clock = {
    now: () => 0,
    random: () => 0,
    after: (_ms: number, task: () => void) => {
      timers.push(task);
      return () => undefined;
    },
  };
  const feed = new SeriesFeed(
    { series, clock },
    { runs: ['a', 'b'], keys: ['loss'], x: 'step', buckets: 100, ...question },
  );
  const tick = async () => {
    timers.splice(0).forEach((task) => task());
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  };
  const event = (run: string, key = 'loss') => {
    const logged = points[run] ?? [];
    const lastStep = Math.max(0, ...logged.map(([x]) => x));
    return { runs: [], points: [{ run, key, last: 0, lastStep, count: logged.length }], position: '' };
  };
  const drawn = () => Object.fromEntries((feed.state.value.answer?.series ?? []).map((s) => [s.run, s.last]));
  const breakServer = (state: boolean) => {
    broken = state;
  };
  return { feed, points, asked, tick, event, drawn, breakServer, timers: () => (timers = [...timers]) };
}

describe('SeriesFeed', () => {
  test('asks for the newest cells only, of the runs that moved, and shows what a whole fetch would', async () => {
    const { feed, points, asked, tick, event, drawn } = setup();
    await tick();
    points['a']?.push([2, 3], [3, 4]);
    feed.hear(event('a'));
    feed.hear(event('a'));
    await tick();
    expect(asked.slice(1)).toEqual([{ runs: ['a'], keys: ['loss'], x: 'step', from: 1, buckets: 100 }]);
    expect(drawn()).toEqual({ a: [1, 2, 3, 4], b: [5] });
  });

  test('ignores what the chart does not show', async () => {
    const { feed, asked, tick, event, timers } = setup();
    await tick();
    feed.hear(event('stranger'));
    feed.hear(event('a', 'accuracy'));
    expect(timers()).toHaveLength(0);
    expect(asked).toHaveLength(1);
  });

  test('fetches the whole for a run that had no points, for a zoomed chart and after a gap', async () => {
    const { feed, points, asked, tick, event, drawn } = setup({ runs: ['a', 'b', 'late'] });
    await tick();
    points['late'] = [[0, 9]];
    feed.hear(event('late'));
    await tick();
    expect(asked.at(-1)?.from).toBeUndefined();
    expect(drawn()).toMatchObject({ late: [9] });
    feed.refetch();
    await tick();
    expect(asked).toHaveLength(3);

    const zoomed = setup({ from: 0, to: 1 });
    await zoomed.tick();
    zoomed.feed.hear(zoomed.event('a'));
    await zoomed.tick();
    expect(zoomed.asked.at(-1)).toMatchObject({ from: 0, to: 1, runs: ['a', 'b'] });
  });

  test('fetches the whole when points came late or a rewind took some away', async () => {
    const { feed, points, asked, tick, event, drawn } = setup();
    points['a'] = [
      [0, 1],
      [10, 2],
    ];
    await tick();
    points['a'] = [
      [0, 1],
      [5, 7],
      [10, 2],
      [11, 3],
    ];
    feed.hear(event('a'));
    await tick();
    expect(asked.map((question) => question.from)).toEqual([undefined, 10, undefined]);
    expect(drawn()).toMatchObject({ a: [1, 7, 2, 3] });
    points['a'] = [
      [0, 1],
      [3, 4],
    ];
    feed.hear(event('a'));
    await tick();
    expect(asked.at(-1)?.from).toBeUndefined();
    expect(drawn()).toMatchObject({ a: [1, 4] });
  });

  test('keeps the curve in sight when a fetch fails and tries the whole next time', async () => {
    const { feed, asked, tick, event, drawn, breakServer } = setup();
    await tick();
    breakServer(true);
    feed.hear(event('a'));
    await tick();
    expect(feed.state.value.failure?.message).toBe('no');
    expect(drawn()).toEqual({ a: [1, 2], b: [5] });
    breakServer(false);
    feed.hear(event('a'));
    await tick();
    expect(asked.at(-1)?.runs).toEqual(['a', 'b']);
    expect(feed.state.value.failure).toBeUndefined();
  });
});
