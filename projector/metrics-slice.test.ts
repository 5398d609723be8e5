/** The blocks of a slice against the naive summaries of its points. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecodedChunk } from '../events/chunk.js';
import { readNativeBlock, rowsOfBlock, type NativeRow } from '../test/native-reader.js';
import { expectTables } from '../test/simulation/expect-series.js';
import type { NaivePoint } from '../test/simulation/naive-series.js';
import type { Batch } from './batch.js';
import { metricsInserts } from './metrics-slice.js';
import { createPointBuffers } from './point-buffers.js';

const RUNS = [
  '00000000-0000-4000-8000-000000000001',
  'ffffffff-ffff-4fff-bfff-fffffffffffe',
  '10000000-0000-4000-8000-000000000000',
] as const;

interface PointSpec {
  readonly series: number;
  readonly step: bigint;
  readonly micro: number;
  readonly time: number;
  readonly value: number;
}

const SERIES = [
  { key: 'loss', context: '' },
  { key: 'loss', context: '{"subset":"val"}' },
  { key: 'acc/ü😀', context: '' },
] as const;

function batchOf(
  offset: number,
  run: string,
  generation: number,
  points: readonly PointSpec[],
  hasMicro: boolean,
): Batch {
  const chunk: DecodedChunk = {
    kind: 'points',
    writer: 'w',
    seq: offset,
    generation,
    series: SERIES,
    rows: points.length,
    seriesIndex: Uint32Array.from(points, ({ series }) => series),
    step: BigInt64Array.from(points, ({ step }) => step),
    micro: hasMicro ? Int32Array.from(points, ({ micro }) => micro) : undefined,
    time: BigInt64Array.from(points, ({ time }) => BigInt(time)),
    value: Float64Array.from(points, ({ value }) => value),
  };
  return { offset, workspace: 'default', run, receivedAt: 1000 + offset, generation, chunk };
}

function naivePoints(batches: readonly Batch[]): NaivePoint[] {
  return batches.flatMap(({ workspace, run, generation, chunk }) =>
    Array.from({ length: chunk.rows }, (_, i): NaivePoint => {
      const series = chunk.series[chunk.seriesIndex[i] ?? 0];
      return {
        workspace,
        run,
        generation,
        key: series?.key ?? '',
        context: series?.context ?? '',
        step: chunk.step[i] ?? 0n,
        micro: chunk.micro?.[i] ?? 0,
        time: Number(chunk.time[i]),
        value: chunk.value[i] ?? 0,
      };
    }),
  );
}

function tablesOf(batches: readonly Batch[]): Map<string, NativeRow[]> {
  const tables = new Map<string, NativeRow[]>();
  const rows = batches.reduce((sum, { chunk }) => sum + chunk.rows, 0);
  const slice = { partition: 3, accepted: batches, heard: batches };
  for (const { table, block } of metricsInserts(slice, createPointBuffers(rows))) {
    tables.set(table, [...(tables.get(table) ?? []), ...readNativeBlock(block).rows]);
  }
  return tables;
}

function check(batches: readonly Batch[]): Map<string, NativeRow[]> {
  const tables = tablesOf(batches);
  const rowsOf = (table: string) => tables.get(table) ?? [];
  expectTables(
    {
      points: rowsOf('points'),
      rollups: rowsOf('rollups'),
      series: rowsOf('series'),
      seriesByRun: rowsOf('series_by_run'),
    },
    naivePoints(batches),
  );
  return tables;
}

const value = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }).map((n) => n / 8),
  fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, 1e-300),
);
const step = fc.oneof(
  fc.bigInt({ min: -70n, max: 300n }),
  fc.bigInt({ min: -300_000n, max: 300_000n }),
  fc.constantFrom(
    0n,
    2n ** 53n,
    2n ** 53n + 1n,
    2n ** 62n,
    -(2n ** 53n) - 1n,
    -(2n ** 63n),
    2n ** 63n - 1n,
    2n ** 32n - 1n,
  ),
);
const point = fc.record({
  series: fc.integer({ min: 0, max: 2 }),
  step,
  micro: fc.constantFrom(0, 1, 500_000, 999_999),
  time: fc.constantFrom(0, 1, 1_700_000_000_000, 1_700_000_000_001, 8.64e15),
  value,
});
const batch = fc.record({
  run: fc.constantFrom(...RUNS),
  generation: fc.integer({ min: 0, max: 1 }),
  points: fc.array(point, { minLength: 1, maxLength: 40 }),
  hasMicro: fc.boolean(),
});

describe('a slice of points', () => {
  it('becomes its points, sorted, and exact summaries, whatever their order, ties, gaps and odd values', () => {
    fc.assert(
      fc.property(fc.array(batch, { minLength: 1, maxLength: 6 }), (specs) => {
        check(specs.map((spec, i) => batchOf(i, spec.run, spec.generation, spec.points, spec.hasMicro)));
      }),
      { numRuns: 100 },
    );
  });

  it('is in the order of the table, so that the engine need not sort', () => {
    const points = [5n, 3n, 2n ** 60n, -4n, 3n].map((s, i): PointSpec => ({
      series: (2 * i) % 3,
      step: s,
      micro: 0,
      time: i,
      value: i,
    }));
    const tables = check([
      batchOf(0, RUNS[1], 0, points, false),
      batchOf(1, RUNS[0], 0, points, false),
      batchOf(2, RUNS[2], 1, points, false),
    ]);
    const order = (tables.get('points') ?? []).map((row) => [row['run'], row['key'], row['context'], row['step']]);
    const rank = (uuid: unknown) => String(uuid).slice(19) + String(uuid).slice(0, 18);
    const sorted = [...order].sort((a, b) => {
      const keysA = [rank(a[0]), Buffer.from(String(a[1])).toString('hex'), a[2], a[3] as bigint];
      const keysB = [rank(b[0]), Buffer.from(String(b[1])).toString('hex'), b[2], b[3] as bigint];
      for (let i = 0; i < keysA.length; i++) {
        if ((keysA[i] as string) < (keysB[i] as string)) return -1;
        if ((keysA[i] as string) > (keysB[i] as string)) return 1;
      }
      return 0;
    });
    expect(order).toEqual(sorted);
  });

  it('keeps equal steps in the order in which they came', () => {
    const points = [7, 1, 7, 7, 1].map((s, i): PointSpec => ({
      series: 0,
      step: BigInt(s),
      micro: 0,
      time: 0,
      value: i,
    }));
    const rows = tablesOf([batchOf(0, RUNS[0], 0, points, false)]).get('points') ?? [];
    expect(rows.map((row) => row['value'])).toEqual([1, 4, 0, 2, 3]);
  });

  it('splits rollups of sparse steps into parts that still merge', () => {
    const sparse = Array.from({ length: 70_000 }, (_, i): PointSpec => ({
      series: 0,
      step: BigInt(i) * 2n ** 20n,
      micro: 0,
      time: i,
      value: i % 7,
    }));
    const batches = [batchOf(0, RUNS[0], 0, sparse, false)];
    const parts = [
      ...metricsInserts({ partition: 0, accepted: batches, heard: batches }, createPointBuffers(70_000)),
    ].filter(({ table }) => table === 'rollups');
    const rowsOfParts = parts.map(({ block }) => rowsOfBlock(block));
    expect(rowsOfParts.length).toBeGreaterThan(1);
    expect(Math.max(...rowsOfParts)).toBeLessThan(200_000);
    expect(rowsOfParts.reduce((a, b) => a + b, 0)).toBe(3 * 70_000);
    expect(new Set(parts.map(({ part }) => part)).size).toBe(parts.length);
  });

  it('does not lose the spread of values that differ little from a large mean', () => {
    const points = [1e8, 1e8 + 1, 1e8 + 2].map((v, i): PointSpec => ({
      series: 0,
      step: BigInt(i * 64),
      micro: 0,
      time: 0,
      value: v,
    }));
    const [row] = tablesOf([batchOf(0, RUNS[0], 0, points, false)]).get('series') ?? [];
    expect(row?.['spread']).toEqual({ count: 3, mean: 1e8 + 1, squares: 2 });
  });

  it('gives one row per batch and the time each run was last heard', () => {
    const points = [{ series: 0, step: 1n, micro: 0, time: 1, value: 1 }];
    const tables = tablesOf([
      batchOf(4, RUNS[0], 0, points, false),
      batchOf(9, RUNS[0], 0, points, false),
      batchOf(7, RUNS[1], 0, points, false),
    ]);
    expect(
      tables
        .get('chunks')
        ?.map((row) => [row['run'], row['writer'], row['seq'], row['partition'], row['offset'], row['rows']]),
    ).toEqual([
      [RUNS[0], 'w', 4n, 3, 4n, 1],
      [RUNS[0], 'w', 9n, 3, 9n, 1],
      [RUNS[1], 'w', 7n, 3, 7n, 1],
    ]);
    expect(tables.get('seen')?.map((row) => [row['run'], row['seen_at']])).toEqual([
      [RUNS[0], 1009],
      [RUNS[1], 1007],
    ]);
  });
});
