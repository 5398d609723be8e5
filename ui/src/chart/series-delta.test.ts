/** Live deltas: a chart fed by deltas is the chart that a full fetch would give, cell by cell. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SeriesAnswer, SeriesColumns } from '../../../query/api.js';
import { drawnSummary } from './line-range.js';
import { linesOf } from './line-data.js';
import { columnsOf, deltaStart, emptyCell, joinCells, mergeDelta, pointCell } from './series-delta.js';

type Point = readonly [x: number, value: number | 'NaN' | 'Infinity'];

/** What the server answers, computed the plain way. */
function answerOf(runs: Readonly<Record<string, readonly Point[]>>, width: number, from = 0): SeriesAnswer {
  const inRange = Object.entries(runs).map(([run, points]) => [run, points.filter(([x]) => x >= from)] as const);
  const xs = inRange.flatMap(([, points]) => points.map(([x]) => x));
  const first = Math.floor(Math.min(...xs) / width) * width;
  const x: number[] = [];
  if (width > 0) for (let edge = first; edge <= Math.max(...xs); edge += width) x.push(edge);
  const series = inRange
    .filter(([, points]) => points.length > 0)
    .map(([run, points]): SeriesColumns => {
      const named = { run, key: 'loss', context: {}, raw: width === 0 };
      if (width === 0) return { ...named, x: points.map(([at]) => at), last: points.map(([, value]) => value) };
      const cells = x.map((edge) =>
        points
          .filter(([at]) => at >= edge && at < edge + width)
          .map(([, value]) => pointCell(value))
          .reduce(joinCells, emptyCell),
      );
      return columnsOf({ ...named, last: [] }, cells);
    });
  return { x, width, mapping: 'exact', series };
}

// dyadic values: sums are exact in any order, so that equality is equality
const value = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: -1024, max: 1024 }).map((n) => n / 8) },
  { weight: 1, arbitrary: fc.constantFrom('NaN' as const, 'Infinity' as const) },
);
const points = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 2000 }), value), {
    minLength: 2,
    maxLength: 150,
    selector: ([x]) => x,
  })
  .map((list) => list.sort((a, b) => a[0] - b[0]));

describe('mergeDelta', () => {
  test.each([
    [0, 0],
    [64, 0],
    [64, 8],
    [64, 64],
    [128, 1],
  ])('equals the full fetch: cells of %i fed by cells of %i', (width, finer) => {
    fc.assert(
      fc.property(points, points, fc.double({ min: 0.1, max: 0.9, noNaN: true }), (a, b, share) => {
        const cut = Math.max(1, Math.floor(a.length * share));
        const before = { a: a.slice(0, cut), b };
        const current = answerOf(before, width);
        const from = deltaStart(current, new Set(['a']));
        if (from === undefined) throw new Error('a run with points has a start');
        const delta = answerOf({ a }, finer, from);
        const merged = mergeDelta(current, delta, from, 10_000);
        const full = answerOf({ a, b }, width);
        if (merged === undefined) throw new Error('this merge is exact and may not be refused');
        const rounded = (answer: SeriesAnswer) =>
          linesOf(answer).map((line) => ({ ...line, mean: Array.from(line.mean, (mean) => mean.toFixed(6)) }));
        expect(rounded(merged)).toEqual(rounded(full));
      }),
    );
  });

  test('refuses what would not be exact, so that the chart is fetched again', () => {
    const current = answerOf(
      {
        a: [
          [0, 1],
          [100, 2],
        ],
      },
      64,
    );
    const bigger = answerOf(
      {
        a: [
          [64, 2],
          [300, 3],
        ],
      },
      128,
      64,
    );
    expect(mergeDelta(current, bigger, 64, 1000)).toBeUndefined();
    expect(mergeDelta(current, answerOf({ stranger: [[70, 1]] }, 0, 64), 64, 1000)).toBeUndefined();
    expect(
      mergeDelta(
        current,
        answerOf(
          {
            a: [
              [100, 2],
              [64_000, 3],
            ],
          },
          0,
          64,
        ),
        64,
        1000,
      ),
    ).toBeUndefined();
    expect(mergeDelta({ ...current, mapping: 'rollup' }, answerOf({ a: [[100, 2]] }, 0, 64), 64, 1000)).toBeUndefined();
    expect(mergeDelta(current, answerOf({ a: [[100, 2]] }, 0, 64), 70, 1000)).toBeUndefined();
  });
});

describe('what a line shows', () => {
  test('has the min, max, last and count of the raw points in the range, for cells of any width', () => {
    fc.assert(
      fc.property(points, fc.constantFrom(0, 1, 8, 64), fc.integer({ min: 0, max: 20 }), (list, width, cellsIn) => {
        const min = cellsIn * 64;
        const max = min + 64 * 10 - (width === 0 ? 1 : width);
        const shown = list.filter(([x]) => x >= min && x < min + 640);
        const line = linesOf(answerOf({ a: list }, width))[0];
        if (line === undefined) throw new Error('a run with points has a line');
        const finite = shown.flatMap(([, v]) => (typeof v === 'number' ? [v] : []));
        const newest = shown.at(-1)?.[1];
        expect(drawnSummary(line, { min, max })).toMatchObject({
          min: finite.length === 0 ? null : Math.min(...finite),
          max: finite.length === 0 ? null : Math.max(...finite),
          last: typeof newest === 'number' ? newest : null,
          points: shown.length,
          odd: shown.length - finite.length,
        });
      }),
    );
  });
});
