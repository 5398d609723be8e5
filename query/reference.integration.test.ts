/** Answers of the real tables against a naive reference, on random worlds and random questions; a failure prints its seed. */
import { afterAll, describe, expect, it } from 'vitest';
import { EXPERIMENTS, generateWorld, METRICS } from '../test/reference/generate-world.js';
import { generateFilter, generateOrder, namesArchived } from '../test/reference/generate-question.js';
import { metricsOf, naiveSearch, naiveTop, type NaiveContext } from '../test/reference/naive-answers.js';
import { naiveStatus, naiveWorld, type NaiveRun } from '../test/reference/naive-runs.js';
import { seeded, type Random } from '../test/simulation/random.js';
import { startQueryWorld, type QueryWorld } from '../test/query-world.js';
import type { RunRow, SearchAnswer, TopAnswer } from './api.js';

const NOW = Date.UTC(2026, 5, 1);
const RUNS = 60;
const QUESTIONS_PER_WORLD = 180;
const AT_ONCE = 4;
const SLICES = 3;

const jsonFloat = (value: number | undefined) =>
  value === undefined
    ? null
    : Number.isFinite(value)
      ? value
      : Number.isNaN(value)
        ? 'NaN'
        : value > 0
          ? 'Infinity'
          : '-Infinity';

/** What an answer must say of a run. */
function expectedRow(context: NaiveContext, run: NaiveRun): object {
  const metrics = [...metricsOf(context, run)].map(([key, summary]): [string, unknown] => [
    key,
    {
      ...summary,
      last: jsonFloat(summary.last),
      min: summary.min ?? null,
      max: summary.max ?? null,
      mean: summary.mean ?? null,
    },
  ]);
  return {
    id: run.id,
    experiment: run.experiment,
    name: run.name,
    group: run.group,
    jobType: run.jobType,
    parent: run.parent,
    notes: run.notes,
    reason: run.reason,
    status: naiveStatus(run, context.now),
    params: Object.fromEntries(run.params),
    tags: Object.fromEntries(run.tags),
    metrics: Object.fromEntries(metrics),
    createdAt: run.created,
    startedAt: run.started,
    endedAt: run.ended === 0 ? null : run.ended,
    seenAt: run.seen === 0 ? null : run.seen,
    archived: run.archived,
    generation: run.generation,
  };
}

async function askSearch(world: QueryWorld, context: NaiveContext, random: Random): Promise<void> {
  const filter = random.chance(0.85) ? generateFilter(random, NOW) : undefined;
  const order = Array.from({ length: random.between(0, 3) }, () => generateOrder(random));
  const experiments = random.chance(0.3) ? [random.pick(EXPERIMENTS), random.pick(EXPERIMENTS), 'unknown'] : undefined;
  const includeArchived = random.chance(0.3);
  // what hangs on runs is the same whatever was asked, so it is looked at in some answers only
  const isWhole = random.chance(0.3);
  const request = {
    ...(isWhole ? {} : { columns: [] }),
    ...(filter === undefined ? {} : { filter: filter.text }),
    ...(order.length === 0 ? {} : { orderBy: order.map(({ text }) => text) }),
    ...(experiments === undefined ? {} : { experiments }),
    includeArchived,
    limit: random.pick([4, 20, 100]),
  };
  const expected = naiveSearch(context, {
    experiments,
    filter: filter?.means,
    order,
    includeArchived: includeArchived || namesArchived(filter?.means),
  });
  const found: RunRow[] = [];
  let cursor: string | null = null;
  // a page of a few rows is asked for to walk over the edges of pages, not to walk to the end
  for (let page = 0; page < 3; page++) {
    const { status, body } = await world.post('/search', cursor === null ? request : { ...request, cursor });
    expect(status, JSON.stringify([request, body])).toBe(200);
    const answer = body as SearchAnswer;
    expect(answer.total, JSON.stringify(request)).toBe(expected.length);
    found.push(...answer.runs);
    cursor = answer.next;
    if (cursor === null) break;
  }
  const wanted = cursor === null ? expected : expected.slice(0, found.length);
  expect(
    found.map(({ id }) => id),
    JSON.stringify(request),
  ).toEqual(wanted.map(({ id }) => id));
  for (const [i, run] of wanted.entries()) {
    const row = expectedRow(context, run);
    const parts = isWhole ? {} : { params: {}, tags: {}, metrics: {} };
    const { uuid: _, experiment, ...answered } = found[i] as RunRow;
    expect({ ...answered, experiment: experiment.name }, JSON.stringify(request)).toEqual({ ...row, ...parts });
  }
}

async function askTop(world: QueryWorld, context: NaiveContext, random: Random): Promise<void> {
  const filter = random.chance(0.6) ? generateFilter(random, NOW) : undefined;
  const metric = random.pick(METRICS);
  const aggregate = random.pick(['last', 'min', 'max', 'mean'] as const);
  const descending = random.chance(0.5);
  const k = random.pick([1, 3, 10, 100]);
  const experiment = random.chance(0.3) ? random.pick(EXPERIMENTS) : undefined;
  const query = new URLSearchParams({ metric, aggregate, k: String(k), order: descending ? 'max' : 'min' });
  if (filter !== undefined) query.set('filter', filter.text);
  if (experiment !== undefined) query.set('experiment', experiment);
  const { status, body } = await world.get(`/top?${query.toString()}`);
  expect(status, JSON.stringify([filter?.text, body])).toBe(200);
  const expected = naiveTop(context, {
    metric,
    aggregate,
    descending,
    k,
    experiment,
    filter: filter?.means,
    includeArchived: namesArchived(filter?.means),
  });
  const found = (body as TopAnswer).runs.map(({ value, run }) => ({ id: run.id, value }));
  expect(found, query.toString()).toEqual(expected.map(({ id, value }) => ({ id, value: jsonFloat(value) })));
}

const worlds: QueryWorld[] = [];
afterAll(async () => {
  for (const world of worlds) await world.stop();
});

describe('search and top-k', () => {
  it.each([
    { seed: 11, bounds: {} },
    { seed: 12, bounds: {} },
    // as if there were too many forks to be listed in statements
    { seed: 13, bounds: { inheritancesListedMax: 0 } },
  ])('agree with the reference (seed $seed)', async ({ seed, bounds }) => {
    const random = seeded(seed);
    const world = await startQueryWorld({ nowMs: NOW, bounds });
    worlds.push(world);
    const happenings = generateWorld(random, NOW, RUNS);
    // in several slices, so that rows of one series lie in several parts
    const slice = Math.ceil(happenings.length / SLICES);
    for (let at = 0; at < happenings.length; at += slice) await world.happen(happenings.slice(at, at + slice));
    const context: NaiveContext = { world: naiveWorld(happenings), now: NOW };
    for (let i = 0; i < QUESTIONS_PER_WORLD; i += AT_ONCE) {
      await Promise.all(
        Array.from({ length: AT_ONCE }, (_, j) => {
          const question = seeded(seed * 1_000_003 + i + j);
          return question.chance(0.7) ? askSearch(world, context, question) : askTop(world, context, question);
        }),
      );
    }
  });
});
