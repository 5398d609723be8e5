/** Rebuild on a whole server: reads and writes go on, the new tables are the old ones row for row, and a crash leaves one or the other. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RebuildStatus } from '../../projector/rebuild-progress.js';
import type { RunAnswer, SearchAnswer, SeriesAnswer } from '../../query/api.js';
import { entryFile } from '../../runtime/entry.js';
import { startStack, type Stack } from '../stack.js';
import { databasesOf, differenceOf, storedRows } from '../stored-rows.js';
import { ask } from './api.js';
import { createTraffic, KEYS, type Traffic } from './traffic.js';

const runlog = promisify(execFile);
let stack: Stack;
let traffic: Traffic;

beforeAll(async () => {
  stack = await startStack();
  traffic = createTraffic(() => stack.url(), 20_261_125);
  await traffic.history(60);
  await settled();
});
afterAll(() => stack.stop());

const status = async () => (await ask<RebuildStatus>(stack.url(), 'GET', '/api/v1/admin/rebuild')).body;

async function untilPhase(wanted: readonly string[]): Promise<RebuildStatus> {
  for (;;) {
    const now = await status();
    if (wanted.includes(now.phase) || now.phase === 'failed') return now;
  }
}

/** The tables have all that was acknowledged. */
const settled = async () =>
  expect((await ask(stack.url(), 'GET', `/api/v1/runs/steady?at=${traffic.position()}`)).status).toBe(200);

async function expectExactCounts(): Promise<void> {
  await settled();
  for (const [series, count] of traffic.acknowledged) {
    const [run = '', key = ''] = series.split(' ');
    const { body } = await ask<RunAnswer>(stack.url(), 'GET', `/api/v1/runs/${run}`);
    expect(body.run.metrics[key]?.count, series).toBe(count);
  }
}

interface Watched {
  questions: number;
  readonly faults: string[];
}

/** Asks in turn for search and series until `until` aborts; an error or a count that went down is a fault. */
async function watch(until: AbortSignal): Promise<Watched> {
  const watched: Watched = { questions: 0, faults: [] };
  const seen = new Map<string, number>();
  const grew = (name: string, count: number) => {
    if (count < (seen.get(name) ?? 0)) watched.faults.push(`${name}: ${String(seen.get(name))}, then ${String(count)}`);
    seen.set(name, count);
  };
  while (!until.aborted) {
    const found = await ask<SearchAnswer>(stack.url(), 'POST', '/api/v1/search', {
      experiments: ['rebuild'],
      columns: KEYS.map((key) => `metrics.${key}`),
    });
    if (found.status !== 200) watched.faults.push(`search: ${JSON.stringify(found.body)}`);
    else for (const run of found.body.runs) grew(`search ${run.id}`, Number(run.metrics['loss']?.count ?? 0));
    if (found.body.total !== 5) watched.faults.push(`search found ${String(found.body.total)} runs`);
    const chart = await ask<SeriesAnswer>(stack.url(), 'POST', '/api/v1/series', {
      runs: ['steady', 'second', 'fork'],
      keys: KEYS,
    });
    if (chart.status !== 200) watched.faults.push(`series: ${JSON.stringify(chart.body)}`);
    else
      for (const { run, key, count, last } of chart.body.series)
        grew(`series ${run} ${key}`, count?.reduce<number>((sum, n) => sum + Number(n), 0) ?? last.length);
    watched.questions += 2;
  }
  return watched;
}

describe('a rebuild', () => {
  it('goes on beside writers and readers, who see no error and nothing smaller than before', async () => {
    const over = new AbortController();
    const watching = watch(over.signal);
    const writing = traffic.goOn(over.signal);
    const begun = await ask<RebuildStatus>(stack.url(), 'POST', '/api/v1/admin/rebuild', {});
    expect(begun.status).toBe(202);
    expect(begun.body).toMatchObject({ phase: 'preparing', generation: 2, error: null });
    expect((await ask(stack.url(), 'POST', '/api/v1/admin/rebuild', {})).status).toBe(409);
    const done = await untilPhase(['done']);
    over.abort();
    const [{ questions, faults }] = await Promise.all([watching, writing]);
    expect(done).toMatchObject({ phase: 'done', error: null, waiting: null });
    expect(done.points).toBeGreaterThan(0);
    expect(faults).toEqual([]);
    expect(questions).toBeGreaterThan(0);
    await expectExactCounts();
    expect(await databasesOf(stack.data)).toEqual(['api', 'api_g2', 'runlog_g2']);
  });

  it('from the command line shows how far it is, and gives tables that are equal row for row', async () => {
    await settled();
    const before = await storedRows(stack.data);
    const { stdout, stderr } = await runlog(process.execPath, [entryFile('cli/main'), 'rebuild', '--url', stack.url()]);
    expect(stdout).toMatch(/^the tables were rebuilt: [\d,]+ points in /);
    expect(stderr).toContain('100 %');
    const after = await storedRows(stack.data);
    expect([before.database, after.database]).toEqual(['runlog_g2', 'runlog_g3']);
    expect(after.rows.get('points')?.length).toBeGreaterThan(10_000);
    expect(differenceOf(before, after)).toBeUndefined();
  });

  it('that a kill -9 ends leaves the old tables, and can be begun again', async () => {
    const before = await storedRows(stack.data);
    await ask(stack.url(), 'POST', '/api/v1/admin/rebuild', {});
    expect((await untilPhase(['filling', 'switching', 'dropping', 'done'])).phase).toBe('filling');
    await stack.server().kill();
    await stack.start();
    expect((await status()).phase).toBe('none');
    await expectExactCounts();
    expect(await databasesOf(stack.data)).toEqual(['api', 'api_g3', 'runlog_g3']);
    expect(differenceOf(before, await storedRows(stack.data))).toBeUndefined();
    await ask(stack.url(), 'POST', '/api/v1/admin/rebuild', {});
    expect(await untilPhase(['done'])).toMatchObject({ phase: 'done', generation: 4 });
    expect(differenceOf(before, await storedRows(stack.data))).toBeUndefined();
    await traffic.resendAll();
    await expectExactCounts();
  });
});
