/** Compares a chart's answer with the reference: exactly, but for sums of floats, whose order of adding is free. */
import { expect } from 'vitest';
import type { SeriesAnswer, SeriesColumns } from '../../query/api.js';
import type { ReferenceAnswer, ReferenceLine } from './series-reference.js';

export function expectAnswer(answer: SeriesAnswer, wanted: ReferenceAnswer, name: string): void {
  expect(answer.x, `${name}: x`).toEqual(wanted.x);
  expect(answer.width, `${name}: width`).toBe(wanted.width);
  expect(answer.mapping, `${name}: mapping`).toBe('exact');
  const shown = (lines: readonly { run: string; key: string; raw: boolean }[]) =>
    lines.map(({ run, key, raw }) => ({ run, key, raw }));
  expect(shown(answer.series), `${name}: lines`).toEqual(shown(wanted.series));
  wanted.series.forEach((line, i) => {
    expectLine(answer.series[i] as SeriesColumns, line, `${name}: ${line.run} ${line.key} ${line.context}`);
  });
}

function expectLine(line: SeriesColumns, wanted: ReferenceLine, name: string): void {
  expect(line.context, name).toEqual(wanted.context === '' ? {} : JSON.parse(wanted.context));
  if (wanted.raw) {
    expect(line.x, `${name}: x`).toEqual(wanted.points.map(({ x }) => x));
    expect(line.last.map(toFloat), `${name}: values`).toEqual(wanted.points.map(({ value }) => value + 0));
    return;
  }
  const column = (pick: (cell: ReferenceLine['cells'][number]) => number | null) => wanted.cells.map(pick);
  expect(line.count, `${name}: count`).toEqual(column(({ count }) => count));
  expect(line.nonFinite, `${name}: nonFinite`).toEqual(column(({ nonFinite }) => nonFinite));
  expect(line.min?.map(toFloat), `${name}: min`).toEqual(column(({ min }) => positiveZero(min)));
  expect(line.max?.map(toFloat), `${name}: max`).toEqual(column(({ max }) => positiveZero(max)));
  expect(line.first?.map(toFloat), `${name}: first`).toEqual(column(({ first }) => positiveZero(first)));
  expect(line.last.map(toFloat), `${name}: last`).toEqual(column(({ last }) => positiveZero(last)));
  wanted.cells.forEach((cell, i) => {
    expectNear(line.mean?.[i], cell.mean, 1e-12 * cell.magnitude, `${name}: mean ${String(i)}`);
    // squares of differences lose half the digits where the values lie close together
    expectNear(line.std?.[i], cell.std, 1e-9 * cell.magnitude, `${name}: std ${String(i)}`);
  });
}

function expectNear(value: number | null | undefined, wanted: number | null, tolerance: number, name: string): void {
  if (wanted === null || value === null || value === undefined) {
    expect(value, name).toBe(wanted);
    return;
  }
  if (Math.abs(value - wanted) > tolerance) expect(value, name).toBe(wanted);
}

/** JSON and the order of values tell 0 and -0 apart or not, as they please. */
const positiveZero = (value: number | null): number | null => (value === null ? null : value + 0);

function toFloat(value: number | string | null): number | null {
  return value === null ? null : Number(value) + 0;
}
