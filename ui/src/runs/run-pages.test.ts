/** Paging through runs that change meanwhile: never a run twice, and all that is in sight becomes true again. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RunRow } from '../../../query/api.js';
import { RunPages, type FetchPage } from './run-pages.js';

/** A server with runs sorted by score, cursors being the last (score, id) of a page. */
function server() {
  const scores = new Map<string, number>();
  const asked: string[] = [];
  const sorted = () => [...scores].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
  const fetch: FetchPage = ({ cursor, limit }) => {
    asked.push(`${cursor ?? 'start'} ${String(limit)}`);
    const [score, id] = cursor === undefined ? [Infinity, ''] : (JSON.parse(cursor) as [number, string]);
    const rest = sorted().filter(([rowId, rowScore]) => rowScore < score || (rowScore === score && rowId > id));
    const runs = rest.slice(0, limit).map(([rowId, rowScore]) => ({ id: rowId, notes: String(rowScore) }) as RunRow);
    const end = rest[limit - 1];
    return Promise.resolve({
      runs,
      next: rest.length > limit && end !== undefined ? JSON.stringify([end[1], end[0]]) : null,
      total: scores.size,
    });
  };
  return { scores, asked, fetch, ids: () => sorted().map(([id]) => id) };
}

const shown = (pages: RunPages) => pages.view.value.rows.map((row) => row.id);

describe('RunPages', () => {
  test('shows the first hundred soon, then more in larger pages until all are there', async () => {
    const { scores, asked, fetch, ids } = server();
    for (let i = 0; i < 1300; i++) scores.set(`r${String(i).padStart(4, '0')}`, i % 7);
    const pages = new RunPages(fetch);
    await pages.more(); // waits for the first page, which is under way
    expect(shown(pages)).toHaveLength(100);
    await Promise.all([pages.more(), pages.more(), pages.more()]);
    expect(shown(pages)).toHaveLength(600);
    while (pages.view.value.more) await pages.more();
    expect(shown(pages)).toEqual(ids());
    expect(pages.view.value).toMatchObject({ total: 1300, loading: false });
    expect(asked).toHaveLength(4);
  });

  test('fetches again only the pages in sight', async () => {
    const { scores, asked, fetch, ids } = server();
    for (let i = 0; i < 2000; i++) scores.set(`r${String(i).padStart(4, '0')}`, 1);
    const pages = new RunPages(fetch);
    while (pages.view.value.more || pages.view.value.total === undefined) await pages.more();
    asked.length = 0;
    scores.set('r0000', 5);
    scores.set('new', 9);
    await pages.refresh(0, 30);
    expect(asked).toEqual(['start 100']);
    expect(shown(pages).slice(0, 2)).toEqual(['new', 'r0000']);
    await pages.seen(0, 2000);
    expect(shown(pages)).toEqual(ids());
  });

  test('shows no run twice while runs move, and is exact once all is fetched again', async () => {
    const moves = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 699 }), fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 699 })),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(moves, async (list) => {
        const { scores, fetch, ids } = server();
        for (let i = 0; i < 650; i++) scores.set(`r${String(i)}`, i % 3);
        const pages = new RunPages(fetch);
        while (pages.view.value.more || pages.view.value.total === undefined) await pages.more();
        for (const [run, score, at] of list) {
          scores.set(`r${String(run)}`, score);
          await pages.refresh(at, at + 30);
          expect(new Set(shown(pages)).size).toBe(shown(pages).length);
        }
        await pages.refresh(0, 1000);
        await pages.refresh(0, 1000);
        expect(shown(pages)).toEqual(ids());
      }),
      { numRuns: 60 },
    );
  });

  test('keeps the former rows in sight when a question fails', async () => {
    const { scores, fetch } = server();
    scores.set('a', 1);
    const before = new RunPages(fetch);
    await before.more();
    const failing = new RunPages(() => Promise.reject(new Error('column 3')), before.view.value);
    await failing.more();
    expect(shown(failing)).toEqual(['a']);
    expect(failing.view.value.failure?.message).toBe('column 3');
  });

  test('says nothing after it was stopped', async () => {
    const { fetch } = server();
    const pages = new RunPages(fetch);
    pages.stop();
    await pages.more();
    expect(pages.view.value.total).toBeUndefined();
  });
});
