/** The browser application in a real Chromium against a real server: what people see, what is asked of the server, what is mounted. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../runtime/entry.js';
import { launchBrowser, openPage, type WatchedPage } from '../test/browser.js';
import { createRunLogger, curve, noise, type RawPoint, type RunLogger } from '../test/logged-runs.js';
import { startStack, type Stack } from '../test/stack.js';

const experiment = 'vision/shapes';
const runsInAll = 240;
const longSteps = 20_000;
const longRuns = 3;
const rates = ['0.003', '0.01', '0.03', '0.1'];
const models = ['resnet18', 'resnet34', 'vit-s', 'convnext'];
const screenshots = process.env['SCREENSHOTS'] === '1';

let stack: Stack;
let browser: Browser;
let logger: RunLogger;
/** train/loss of the long runs, point by point. */
const longCurves = new Map<string, readonly RawPoint[]>();

const runId = (i: number) => `shapes-${String(i).padStart(3, '0')}`;

const hour = 3_600_000;

function trainingRun(i: number, now: number) {
  const rate = Number(rates[i % 4]);
  const ceiling = 0.9 + 0.08 * noise(i, 1) - (rate > 0.05 ? 0.12 * noise(i, 2) : 0);
  const pace = 3 + 60 * rate;
  const steps = i < longRuns ? longSteps : 300;
  const sparse = (points: readonly RawPoint[]) =>
    points.map(([step, value]): RawPoint => [step * Math.floor(steps / 60), value]);
  const loss = curve(i, steps, { from: 2.4, to: 1.1 - ceiling, pace, spread: 0.5 });
  if (i < 2) {
    loss[12_345] = [12_345, 3.5]; // a spike that no drawing may lose
    loss[15_000] = [15_000, NaN];
  }
  const startedAt = now - (i + 1) * 0.4 * hour;
  return {
    id: runId(i),
    name: `${models[(i >> 2) % 4] ?? ''}-lr${rates[i % 4] ?? ''}-s${String(i % 5)}`,
    params: { lr: rates[i % 4] ?? '', model: models[(i >> 2) % 4] ?? '', seed: String(i % 5), batch_size: '128' },
    tags: { team: i % 2 === 0 ? 'vision' : 'robots' },
    context: {
      git: { commit: `9f2c1ab${String(i % 3)}`, dirty: false },
      packages: { torch: '2.9.1', numpy: i === 1 ? '2.2.0' : '2.1.0' },
    },
    series: {
      'train/loss': loss,
      'train/accuracy': sparse(curve(i + 500, 60, { from: 0.1, to: ceiling + 0.02, pace, spread: 0.02 })),
      'validation/accuracy': sparse(curve(i, 60, { from: 0.1, to: ceiling, pace, spread: 0.05 })),
      'validation/loss': sparse(curve(i + 900, 60, { from: 2.4, to: 1.2 - ceiling, pace, spread: 0.12 })),
      'system/gpu_utilisation': sparse(curve(i + 1300, 60, { from: 40, to: 93, pace: 20, spread: 8 })),
    },
    startedAt,
    endedAt: startedAt + (0.3 + noise(i, 3)) * hour,
    ...(i % 29 === 7 ? { finish: 'failed' as const, reason: 'CUDA out of memory' } : { finish: 'completed' as const }),
  };
}

beforeAll(async () => {
  stack = await startStack();
  browser = await launchBrowser();
  logger = createRunLogger(stack.url());
  const waiting = Array.from({ length: runsInAll }, (_, i) => trainingRun(i, Date.now()));
  for (const run of waiting.slice(0, longRuns)) longCurves.set(run.id, run.series['train/loss']);
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let run = waiting.pop(); run !== undefined; run = waiting.pop()) await logger.start(experiment, run);
    }),
  );
  await logger.settle();
});

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

async function visit(place: string, task: (watched: WatchedPage) => Promise<void>, options = {}): Promise<void> {
  const watched = await openPage(browser, options);
  try {
    await watched.page.goto(stack.url() + place);
    await task(watched);
    expect(watched.alarms).toEqual([]);
  } finally {
    await watched.context.close();
  }
}

interface Drawn {
  readonly run: string;
  readonly raw: boolean;
  readonly color: string;
  readonly min: number | null;
  readonly max: number | null;
  readonly last: number | null;
  readonly cells: number;
  readonly points: number;
  readonly odd: number;
}

/** Waits for a value; the machine may be busy with other things. */
const soon = <T>(value: () => Promise<T>) => expect.poll(value, { timeout: 30_000 });

const card = (page: Page, metric: string) => page.locator(`.chart-card[data-metric="${metric}"]`);

/** What a card says of how fine its data is. */
const mark = (page: Page, metric: string) => card(page, metric).locator('.chart-card-mark').textContent();

/** What a chart draws, once `ready` holds of it. */
async function drawn(
  page: Page,
  metric: string,
  ready: (series: readonly Drawn[]) => boolean,
): Promise<readonly Drawn[]> {
  let series: readonly Drawn[] = [];
  await soon(async () => {
    const text = await card(page, metric)
      .locator('.line-chart')
      .getAttribute('data-series', { timeout: 1000 })
      .catch(() => null);
    series = JSON.parse(text ?? '[]') as Drawn[];
    return ready(series);
  }).toBe(true);
  return series;
}

const rowNames = (page: Page) => page.locator('.table-row .run-name').allTextContents();
const total = (page: Page) => page.locator('.toolbar-total');
const waitForRows = (page: Page) => page.locator('.table-row').first().waitFor();

/** The cells of a column, none while it is not mounted; read at one moment. */
const cellsOf = (page: Page, column: string): Promise<string[]> =>
  page.evaluate((name) => {
    const at = document.querySelector(`.head-cell[data-column="${name}"]`)?.getAttribute('aria-colindex');
    return at == null
      ? []
      : [...document.querySelectorAll(`.table-row [aria-colindex="${at}"]`)].map((cell) => cell.textContent ?? '');
  }, column);

/** What the address bar says: the page's own word, which Playwright's copy of it follows with a delay. */
const address = async (page: Page) => new URL(await page.evaluate(() => window.location.href));

/** Scrolls the table to an end until something is there: its size may still grow. */
async function scrollUntil(page: Page, pane: string, axis: 'x' | 'y', target: string): Promise<void> {
  await soon(async () => {
    await page
      .locator(pane)
      .evaluate((box, by) => box.scrollTo(by === 'x' ? box.scrollWidth : 0, by === 'y' ? box.scrollHeight : 0), axis);
    return page.locator(target).count();
  }).toBeGreaterThan(0);
}

/** Whether what is typed goes into a field. */
const isInField = (page: Page) => page.evaluate(() => document.activeElement instanceof HTMLInputElement);

function expected(points: readonly RawPoint[], from = -Infinity, to = Infinity) {
  const values = points.filter(([step]) => step >= from && step <= to).map(([, value]) => value);
  const finite = values.filter(Number.isFinite);
  return {
    min: Math.min(...finite),
    max: Math.max(...finite),
    last: values.at(-1),
    points: values.length,
    odd: values.length - finite.length,
  };
}

describe('the runs table', () => {
  test('shows real runs, mounts only what is near, and loads more as one scrolls', async () => {
    await visit(`/experiments/${experiment}?charts=0`, async ({ page, requests }) => {
      await waitForRows(page);
      await soon(() => total(page).getAttribute('data-total')).toBe(String(runsInAll));
      expect(await page.locator('.table-row').count()).toBeLessThan(60);
      await soon(() => page.locator('.table').getAttribute('aria-rowcount')).toBe(String(runsInAll + 1));
      const first = page.locator('.table-row').first();
      await soon(() => first.locator('.status').textContent()).toMatch(/completed|failed/);
      await scrollUntil(page, '.table', 'y', `.table[data-rows="${String(runsInAll)}"]`);
      await scrollUntil(page, '.table', 'y', `.table-row[aria-rowindex="${String(runsInAll + 1)}"]`);
      expect(await page.locator('.table-row').count()).toBeLessThan(60);
      // one page, one more, and at most one look at what changed while the page opened: at both pages if both are in sight
      expect(requests.filter((request) => request.endsWith('/search')).length).toBeLessThanOrEqual(4);
    });
  });

  test('mounts only the columns in sight and finds any other by name', async () => {
    const params = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`option_${String(i)}`, String(i)]));
    await logger.start('wide/options', { id: 'wide', params, finish: 'completed' });
    await logger.settle();
    const columns = Object.keys(params).map((name) => `params.${name}`);
    await visit(`/experiments/wide/options?cols=${columns.slice(0, 250).join(',')}`, async ({ page }) => {
      await waitForRows(page);
      expect(await page.locator('.head-cell').count()).toBeLessThan(40);
      await scrollUntil(page, '.table', 'x', '.head-cell[data-column="params.option_249"]');
      expect(await page.locator('.head-cell').count()).toBeLessThan(40);
      await soon(() => cellsOf(page, 'params.option_249')).toEqual(['249']);
      await page.getByRole('button', { name: 'Columns' }).click();
      await page.getByRole('searchbox', { name: 'Search columns' }).fill('opt299');
      await page.getByRole('checkbox', { name: 'option_299' }).check();
      await scrollUntil(page, '.table', 'x', '.head-cell[data-column="params.option_299"]');
      await soon(() => cellsOf(page, 'params.option_299')).toEqual(['299']);
      await soon(async () => (await address(page)).href).toContain('params.option_299');
    });
  });

  test('sorts on the server by a click, by several keys with shift, and the back button undoes it', async () => {
    await visit(`/experiments/${experiment}?charts=0`, async ({ page }) => {
      await waitForRows(page);
      const accuracy = 'metrics.validation/accuracy.last';
      const header = page.locator(`.head-cell[data-column="${accuracy}"]`);
      await header.locator('.sort-button').click();
      await soon(() => header.getAttribute('aria-sort')).toBe('descending');
      const best = await fetch(
        `${stack.url()}/api/v1/top?metric=validation/accuracy&k=5&experiment=${encodeURIComponent(experiment)}`,
      );
      const { runs } = (await best.json()) as { runs: { run: { name: string } }[] };
      await soon(async () => (await rowNames(page)).slice(0, 5)).toEqual(runs.map(({ run }) => run.name));
      await header.locator('.sort-button').click();
      await soon(() => header.getAttribute('aria-sort')).toBe('ascending');
      await page.locator('.head-cell[data-column="params.model"] .sort-button').click();
      await page.locator('.head-cell[data-column="params.lr"] .sort-button').click({ modifiers: ['Shift'] });
      await soon(async () => new Set((await cellsOf(page, 'params.model')).slice(0, 15))).toEqual(
        new Set(['convnext']),
      );
      // The rows are convnext's from the first of the two clicks on: only the rates tell that the second one is answered.
      await soon(async () => (await cellsOf(page, 'params.lr')).slice(0, 15)).toEqual(new Array(15).fill('0.003'));
      await soon(async () => (await address(page)).searchParams.get('sort')).toBe('params.model,params.lr');
      await page.goBack();
      await page.goBack();
      await soon(() => header.getAttribute('aria-sort')).toBe('ascending');
    });
  });

  test('shows another aggregate of a metric by choice', async () => {
    await visit(`/experiments/${experiment}?charts=0&filter=id+=+'${runId(0)}'`, async ({ page }) => {
      await waitForRows(page);
      await page.getByLabel('Aggregate of train/loss').selectOption('max');
      await soon(() => cellsOf(page, 'metrics.train/loss.max')).toEqual(['3.500']);
    });
  });
});

test('draws charts for a browser whose language is none that Intl knows', async () => {
  const { page, context, alarms } = await openPage(browser);
  await page.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, 'language', { get: () => 'en-US@posix', configurable: true });
  });
  await page.goto(`${stack.url()}/experiments/${experiment}`);
  await soon(() => page.locator('.line-chart').count()).toBeGreaterThan(0);
  expect(alarms).toEqual([]);
  await context.close();
});

describe('the runs table while runs move', () => {
  test('takes in new values and new runs without losing the place, the ticks or the page', async () => {
    for (let i = 0; i < 60; i++) {
      await logger.start('live/table', { id: `row-${String(i).padStart(2, '0')}`, series: { loss: [[0, i]] } });
    }
    await logger.settle();
    await visit(
      '/experiments/live/table?charts=0&sort=name,id&cols=metrics.loss.last,status,id',
      async ({ page, requests }) => {
        await waitForRows(page);
        await page.locator('[data-live="live"]').waitFor();
        const row = page.locator('.table-row[data-key="row-40"]');
        await page.locator('.table').evaluate((table) => table.scrollTo(0, 30 * 29));
        await row.locator('input[type=checkbox]').click();
        await soon(() => row.getAttribute('aria-selected')).toBe('true');
        const place = () => page.locator('.table').evaluate((table) => table.scrollTop);
        const before = await place();
        const opened = requests.length;
        await logger.points('row-40', { loss: [[1, 0.125]] });
        await soon(async () => (await row.textContent()) ?? '').toContain('0.1250');
        await logger.start('live/table', { id: 'row-00-new', series: { loss: [[0, 1]] } });
        await soon(() => total(page).getAttribute('data-total')).toBe('61');
        // a row came in above: what one reads stays where it was on the screen
        await soon(place).toBe(before + 29);
        expect(await row.getAttribute('aria-selected')).toBe('true');
        expect(requests.length - opened).toBeLessThan(15);
      },
    );
  });

  test('ticks a stretch with shift', async () => {
    await visit(`/experiments/${experiment}?charts=0`, async ({ page }) => {
      await waitForRows(page);
      const box = (row: number) => page.locator(`.table-row[aria-rowindex="${String(row)}"] input[type=checkbox]`);
      await box(3).click();
      await box(7).click({ modifiers: ['Shift'] });
      await soon(() => page.locator('.row-selected').count()).toBe(5);
      await page.getByRole('button', { name: 'Compare 5' }).waitFor();
    });
  });
});

describe('the filter', () => {
  test('points at the column of an error, keeps the rows in sight, and narrows them once it parses', async () => {
    await visit(`/experiments/${experiment}?charts=0`, async ({ page }) => {
      await soon(() => page.locator('.table-row').count()).toBeGreaterThan(10);
      const text = 'params.lr > 0.02 ANND name';
      await page.getByRole('textbox', { name: 'Filter runs' }).fill(text);
      const problem = page.locator('.filter-problem pre');
      await problem.waitFor();
      const column = Number(await problem.getAttribute('data-column'));
      const [above = '', below = ''] = ((await problem.textContent()) ?? '').split('\n');
      expect(text.slice(column - 1)).toMatch(/^ANND/);
      expect(above.slice(below.indexOf('^'))).toMatch(/^ANND/);
      await soon(async () => {
        const [caret, line] = [await page.locator('.caret').boundingBox(), await problem.boundingBox()];
        return caret !== null && line !== null && caret.x > line.x && caret.y > line.y;
      }).toBe(true);
      expect(await page.locator('.table-row').count()).toBeGreaterThan(10);

      await page.getByRole('textbox', { name: 'Filter runs' }).fill("params.lr > 0.02 AND params.model = 'vit-s'");
      await soon(() => total(page).getAttribute('data-total')).toBe('30');
      await soon(async () => new Set(await cellsOf(page, 'params.model'))).toEqual(new Set(['vit-s']));
      await soon(() => problem.count()).toBe(0);
      await page.reload();
      await soon(() => total(page).getAttribute('data-total')).toBe('30');
      await soon(() => page.getByRole('textbox', { name: 'Filter runs' }).inputValue()).toBe(
        "params.lr > 0.02 AND params.model = 'vit-s'",
      );
    });
  });

  test('says so when nothing matches, and how to get out', async () => {
    await visit(`/experiments/${experiment}?filter=params.lr+>+5`, async ({ page }) => {
      await page.getByText('No run matches the filter').waitFor();
      await page.getByRole('button', { name: 'Clear the filter' }).last().click();
      await soon(() => total(page).getAttribute('data-total')).toBe(String(runsInAll));
    });
  });
});

describe('comparing', () => {
  test('two ticked runs are drawn over each other with bands that hold every spike, exactly', async () => {
    await visit(`/experiments/${experiment}?charts=0&sort=started`, async ({ page }) => {
      await page
        .getByRole('textbox', { name: 'Filter runs' })
        .fill(`id IN ('${runId(0)}', '${runId(1)}', '${runId(2)}')`);
      await soon(() => total(page).getAttribute('data-total')).toBe('3');
      for (const run of [runId(0), runId(1)])
        await page.locator(`.table-row[data-key="${run}"] input[type=checkbox]`).click();
      await page.getByRole('button', { name: 'Compare 2' }).click();
      await page.waitForURL(/\/compare\?runs=/);
      const series = await drawn(page, 'train/loss', (all) => all.length === 2);
      for (const run of [runId(0), runId(1)]) {
        const line = series.find((one) => one.run === run);
        expect(line).toMatchObject({ raw: false, ...expected(longCurves.get(run) ?? []) });
        expect(line?.cells).toBeGreaterThan(100);
        expect(line?.cells).toBeLessThanOrEqual(1000);
      }
      await soon(() => mark(page, 'train/loss')).toMatch(/points per cell/);
      await soon(() => mark(page, 'validation/accuracy')).toBe('raw');

      // hiding one run leaves the other exactly as it was
      await page.getByRole('button', { name: /^Draw resnet18-lr0.003/ }).click();
      const alone = await drawn(page, 'train/loss', (all) => all.length === 1);
      expect(alone).toEqual(series.filter((one) => one.run === runId(1)));
    });
  });

  test('the table shows only differences on request, and deltas against the pinned run', async () => {
    await visit(`/compare?runs=${runId(0)},${runId(1)},${runId(2)}`, async ({ page }) => {
      const grid = page.getByRole('grid', { name: 'Comparison' });
      await grid.getByText('batch_size').waitFor();
      await page.getByRole('checkbox', { name: 'only differences' }).check();
      await soon(() => grid.getByText('batch_size').count()).toBe(0);
      await soon(() => grid.getByText('lr', { exact: true }).count()).toBe(1);
      await soon(() => grid.getByText('numpy', { exact: true }).count()).toBe(1);
      await page.getByRole('button', { name: /^Measure against resnet18-lr0.003/ }).click();
      const row = page.locator('.table-row[data-key="params lr"]');
      await soon(() => row.locator('.delta').allTextContents()).toEqual(['', '+0.00700', '+0.0270']);
      await page.reload();
      await soon(() => row.locator('.delta').allTextContents()).toEqual(['', '+0.00700', '+0.0270']);
      expect((await address(page)).searchParams.get('ref')).toBe(runId(0));
    });
  });

  test('a drag zooms to finer cells until every point is drawn, and a double click shows everything again', async () => {
    await visit(`/compare?runs=${runId(0)},${runId(1)}`, async ({ page, requests }) => {
      const whole = await drawn(page, 'train/loss', (all) => all.length === 2);
      const over = card(page, 'train/loss').locator('.u-over');
      const dragTo = async (from: number, to: number) => {
        await over.scrollIntoViewIfNeeded();
        const box = (await over.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
        await page.mouse.move(box.x + box.width * from, box.y + box.height / 2);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width * ((from + to) / 2), box.y + box.height / 2);
        await page.mouse.move(box.x + box.width * to, box.y + box.height / 2);
        await page.mouse.up();
      };
      const asked = requests.filter((request) => request.endsWith('/series')).length;
      await dragTo(0.3, 0.4);
      const finer = await drawn(
        page,
        'train/loss',
        (all) => all.length === 2 && all.every((line) => line.points < longSteps / 5),
      );
      expect(finer.every((line) => !line.raw)).toBe(true);
      await dragTo(0.3, 0.4);
      const zoomed = await drawn(page, 'train/loss', (all) => all.length === 2 && all.every((line) => line.raw));
      expect(requests.filter((request) => request.endsWith('/series')).length).toBeGreaterThan(asked);
      await soon(() => mark(page, 'train/loss')).toBe('raw');
      const [from = 0, to = 0] = ((await address(page)).searchParams.get('zoom') ?? '').split(':').map(Number);
      for (const line of zoomed) expect(line).toMatchObject(expected(longCurves.get(line.run) ?? [], from, to));
      await page.goBack();
      await page.goBack();
      await drawn(page, 'train/loss', (all) => JSON.stringify(all) === JSON.stringify(whole));
      await dragTo(0.5, 0.9);
      await drawn(page, 'train/loss', (all) => all.length === 2 && JSON.stringify(all) !== JSON.stringify(whole));
      await over.dblclick();
      await drawn(page, 'train/loss', (all) => JSON.stringify(all) === JSON.stringify(whole));
      await soon(async () => (await address(page)).href).not.toContain('zoom');
    });
  });

  test('smoothing, time and logarithmic axes keep the data and live in the address', async () => {
    await visit(`/compare?runs=${runId(0)},${runId(1)}`, async ({ page }) => {
      await drawn(page, 'train/loss', (all) => all.length === 2);
      await page.getByRole('slider', { name: 'Smoothing' }).fill('67');
      await page.getByRole('button', { name: 'log y' }).click();
      await soon(() => card(page, 'train/loss').locator('.line-chart').getAttribute('data-scale')).toBe('log');
      await page.getByRole('button', { name: 'time', exact: true }).click();
      const byTime = await drawn(
        page,
        'train/loss',
        (all) => all.length === 2 && all.every((line) => line.max === 3.5),
      );
      expect(byTime.map((line) => line.points)).toEqual([longSteps, longSteps]);
      await soon(async () => {
        const { searchParams } = await address(page);
        return [searchParams.get('smooth'), searchParams.get('log'), searchParams.get('x')];
      }).toEqual(['0.99', '1', 'time']);
    });
  });
});

describe('a run', () => {
  test('moves live without a reload: new points, a new metric, and the end of the run', async () => {
    await logger.start('live/one', {
      id: 'moving',
      name: 'moving',
      series: { loss: curve(3, 50, { from: 2, to: 1, pace: 3, spread: 0 }) },
    });
    await logger.settle();
    await visit('/runs/moving', async ({ page, requests }) => {
      await page.evaluate(() => {
        (window as unknown as { untouched: boolean }).untouched = true;
      });
      await drawn(page, 'loss', (all) => all[0]?.points === 50);
      await page.locator('[data-live="live"]').waitFor();
      const opened = requests.length;
      await logger.points('moving', { loss: Array.from({ length: 50 }, (_, i): RawPoint => [50 + i, 0.5 - i / 1000]) });
      const moved = await drawn(page, 'loss', (all) => all[0]?.points === 100);
      expect(moved[0]).toMatchObject({ last: 0.451, min: 0.451 });
      await logger.points('moving', { 'eval/score': [[99, 0.77]] });
      await drawn(page, 'eval/score', (all) => all[0]?.last === 0.77);
      await logger.finish('moving', 'failed', 'out of memory on rank 3');
      await page.locator('.overview-status .status-failed').waitFor();
      await page.getByText('out of memory on rank 3').waitFor();
      expect(await page.evaluate(() => (window as unknown as { untouched?: boolean }).untouched)).toBe(true);
      expect(requests.length - opened).toBeLessThan(20);
    });
  });

  test('paused stays as it is, and catches up when it goes on', async () => {
    await logger.start('live/two', { id: 'held', series: { loss: [[0, 5]] } });
    await logger.settle();
    await visit('/runs/held', async ({ page }) => {
      await page.locator('[data-live="live"]').click();
      await page.locator('[data-live="paused"]').waitFor();
      const before = await drawn(page, 'loss', (all) => all[0]?.last === 5);
      const follower = await page.context().newPage();
      await follower.goto(page.url());
      await follower.locator('[data-live="live"]').waitFor();
      await logger.points('held', { loss: [[1, 4]] });
      // another page was told, so this one would have been as well
      await drawn(follower, 'loss', (all) => all[0]?.last === 4);
      await follower.close();
      expect(await drawn(page, 'loss', () => true)).toEqual(before);
      await page.locator('[data-live="paused"]').click();
      await drawn(page, 'loss', (all) => all[0]?.last === 4);
    });
  });

  test('with many metrics mounts charts near the viewport only, and finds metrics by regular expression', async () => {
    const series = Object.fromEntries(
      Array.from({ length: 400 }, (_, i) => [
        `layer${String(i % 20)}/unit${String(i)}`,
        curve(i, 20, { from: 1, to: 0, pace: 2, spread: 0.1 }),
      ]),
    );
    await logger.start('wide/metrics', { id: 'many-metrics', series, finish: 'completed' });
    await logger.settle();
    await visit('/runs/many-metrics', async ({ page, requests }) => {
      await page.locator('.line-chart').first().waitFor();
      await soon(() => page.locator('.chart-slot').count()).toBe(400);
      expect(await page.locator('.line-chart').count()).toBeLessThan(40);
      await scrollUntil(page, '.run-charts', 'y', '.chart-card[data-metric="layer19/unit399"] .line-chart');
      expect(await page.locator('.line-chart').count()).toBeLessThan(40);
      expect(requests.filter((request) => request.endsWith('/series')).length).toBeLessThan(100);
      await page.keyboard.press('/');
      await soon(() => isInField(page)).toBe(true);
      await page.keyboard.type('^layer1/.*[24]1$');
      const found = Object.keys(series).filter((key) => /^layer1\/.*[24]1$/.test(key));
      const cards = () =>
        page.locator('.chart-card').evaluateAll((all) => all.map((one) => one.getAttribute('data-metric') ?? ''));
      await soon(async () => (await cards()).sort()).toEqual(found.sort());
    });
  });

  test('counts NaN and infinities in the tooltip and leaves the axis alone', async () => {
    await logger.start('odd/values', {
      id: 'odd',
      series: {
        loss: [
          [0, 3],
          [1, NaN],
          [2, 2],
          [3, Infinity],
          [4, 1],
        ],
      },
      finish: 'completed',
    });
    await logger.settle();
    await visit('/runs/odd', async ({ page }) => {
      const [line] = await drawn(page, 'loss', (all) => all.length === 1);
      expect(line).toMatchObject({ min: 1, max: 3, last: 1, points: 5, odd: 2 });
      const over = card(page, 'loss').locator('.u-over');
      await soon(async () => {
        const box = (await over.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
        for (const up of [3, 2]) await page.mouse.move(box.x + box.width * 0.25, box.y + box.height / up);
        return (await page.locator('.tooltip').allTextContents()).join();
      }).toContain('1 NaN/∞');
    });
  });

  test('that does not exist says so and what to check', async () => {
    await visit('/runs/nobody', async ({ page }) => {
      await page.getByRole('alert').waitFor();
      await soon(() => page.getByRole('alert').textContent()).toContain('Check the address');
    });
  });
});

describe('hostile names', () => {
  const script = '<img src=x onerror="alert(1)"><script>alert(2)</script>';

  test('are text everywhere and run nothing', async () => {
    const name = `a/../${script}`;
    for (const [i, id] of [`%2F ${script}`, 'b,c~d?#&'].entries()) {
      await logger.start(name, {
        id,
        name: `${script} ${String(i)}`,
        params: { [script]: script, '__proto__.x': 'y' },
        tags: { [script]: script },
        context: { [script]: script, packages: { [script]: '1' } },
        series: {
          [`x/${script}`]: [
            [0, 1],
            [1, 2],
          ],
        },
        finish: 'failed',
        reason: script,
      });
    }
    await logger.settle();
    await visit('/', async ({ page }) => {
      await page.locator('.recent').getByText(`${script} 1`).waitFor();
      await page
        .locator('.tree')
        .getByText(script.split('/').at(-1) ?? '', { exact: true })
        .waitFor();
      await page.goto(`${stack.url()}/experiments/${encodeURIComponent(name)}`);
      await waitForRows(page);
      await soon(async () => (await rowNames(page)).sort()).toEqual([`${script} 0`, `${script} 1`]);
      await drawn(page, `x/${script}`.replaceAll('"', '\\"'), (all) => all.length === 2);
      for (const box of await page.locator('.table-row input[type=checkbox]').all()) await box.click();
      await page.getByRole('button', { name: 'Compare 2' }).click();
      await page.getByRole('grid', { name: 'Comparison' }).getByText(script).first().waitFor();
      await page.locator('.chip .run-name').first().click();
      await page.locator('.overview').getByText(script).first().waitFor();
      expect(await page.locator('img[src="x"]').count()).toBe(0);
      expect(await page.locator('script:not([src])').count()).toBe(0);
    });
  });
});

describe('the home page', () => {
  test('shows experiments as folders that stay folded across a reload', async () => {
    await visit('/', async ({ page }) => {
      const tree = page.getByRole('table', { name: 'Experiments' });
      await tree.getByText('shapes').waitFor();
      await page.getByRole('button', { name: 'Folder vision' }).click();
      await soon(() => tree.getByText('shapes').count()).toBe(0);
      await page.reload();
      await tree.getByText('vision/').waitFor();
      expect(await tree.getByText('shapes').count()).toBe(0);
      await page.getByRole('button', { name: 'Folder vision' }).click();
      await tree.getByRole('link', { name: 'shapes' }).click();
      await page.waitForURL(`**/experiments/${experiment}`);
      await waitForRows(page);
    });
  });

  test('of an empty workspace teaches the first run with its own address', async () => {
    await visit('/w/fresh/', async ({ page }) => {
      await page.getByRole('heading', { name: 'Log your first run' }).waitFor();
      const snippet = () => page.locator('.snippet pre').textContent();
      await soon(snippet).toContain(`url="${stack.url()}", workspace="fresh"`);
      await page.getByRole('button', { name: 'TypeScript' }).click();
      await soon(snippet).toContain('workspace: "fresh"');
    });
  });
});

describe('every page', () => {
  test('can be driven by keys alone', async () => {
    await visit(`/experiments/${experiment}?charts=0`, async ({ page }) => {
      await waitForRows(page);
      await page.keyboard.press('f');
      await soon(() => isInField(page)).toBe(true);
      await page.keyboard.type('params.lr < 0.01');
      await page.keyboard.press('Enter');
      await soon(() => total(page).getAttribute('data-total')).toBe('60');
      await page.keyboard.press('Escape');
      await soon(() => isInField(page)).toBe(false);
      for (const key of ['j', 'x', 'j', 'x', 'c']) await page.keyboard.press(key);
      await page.waitForURL(/\/compare\?runs=/);
      await drawn(page, 'train/loss', (all) => all.length === 2);
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keys' }).waitFor();
      await page.keyboard.press('Escape');
      await page.goBack();
      await waitForRows(page);
      await soon(() => page.locator('.row-selected').count()).toBe(2);
    });
  });

  test('shows what it has as stale while the server is away, and recovers by itself', async () => {
    await visit(`/runs/${runId(3)}`, async ({ page }) => {
      await drawn(page, 'train/loss', (all) => all.length === 1);
      const away = (route: { fulfill(answer: object): Promise<void> }) =>
        route.fulfill({
          status: 503,
          headers: { 'retry-after': '1' },
          contentType: 'application/problem+json',
          body: JSON.stringify({
            code: 'unavailable',
            detail: 'the tables do not answer at the moment',
            status: 503,
            retriable: true,
          }),
        });
      await page.route('**/api/v1/series', away);
      await page.getByRole('button', { name: 'time', exact: true }).click();
      await page.locator('[data-live="stale"]').waitFor();
      expect(await page.locator('.line-chart').count()).toBeGreaterThan(0);
      await page.unroute('**/api/v1/series');
      await soon(() => page.locator('[data-live="stale"]').count()).toBe(0);
      await drawn(page, 'train/loss', (all) => all[0]?.points === 300);
    });
  });

  test('follows the system into the dark and remembers another choice', async () => {
    await visit(
      '/',
      async ({ page }) => {
        const theme = () => page.evaluate(() => document.documentElement.dataset['theme']);
        await page.getByRole('table', { name: 'Experiments' }).waitFor();
        await soon(theme).toBe('dark');
        await page.getByRole('button', { name: 'Switch between light and dark' }).click();
        await soon(theme).toBe('light');
        await page.reload();
        await page.getByRole('table', { name: 'Experiments' }).waitFor();
        await soon(theme).toBe('light');
      },
      { colorScheme: 'dark' },
    );
  });
});

if (screenshots) {
  describe('pictures for the docs', () => {
    const folder = path.join(packageRoot, 'docs', 'screenshots');

    test('the runs table and a comparison', async () => {
      mkdirSync(folder, { recursive: true });
      await visit(`/experiments/${experiment}?sort=-metrics.validation/accuracy.last`, async ({ page }) => {
        await waitForRows(page);
        await drawn(page, 'validation/accuracy', (all) => all.length === 10);
        await drawn(page, 'train/loss', (all) => all.length === 10);
        await page.screenshot({ path: path.join(folder, 'runs.png') });
      });
      await visit(`/compare?runs=${runId(0)},${runId(1)},${runId(2)}&ref=${runId(0)}&smooth=0.9`, async ({ page }) => {
        for (const metric of ['validation/accuracy', 'validation/loss', 'train/loss']) {
          await drawn(page, metric, (all) => all.length === longRuns);
        }
        await page.screenshot({ path: path.join(folder, 'compare.png') });
      });
    });
  });
}
