/** Points in JSON columns: what becomes of them, and the field of what is wrong. */
import { describe, expect, it } from 'vitest';
import { decodeChunk, encodeChunk } from '../events/chunk.js';
import { limits } from '../runtime/limits.js';
import { chunkFromJson } from './points-json.js';

const RECEIVED = 1_700_000_000_000;
const batch = (...series: object[]) => ({ writer: 'w', seq: 3, series });
const one = { key: 'loss', steps: [1, 2], values: [0.5, 0.25] };

function decoded(body: unknown) {
  const chunk = decodeChunk(encodeChunk(chunkFromJson(body, RECEIVED)));
  if (!chunk.ok) throw new Error(chunk.error.detail);
  return chunk.value;
}

describe('JSON columns', () => {
  it('become the chunk that a binary client would send', () => {
    const chunk = decoded(
      batch(
        { key: 'train/loss', steps: [0, 1.5, '-9223372036854775808'], values: [1, 'NaN', '-Infinity'] },
        { key: 'acc', context: { subset: 'val', rank: '0' }, steps: [-0.5], values: ['Infinity'], times: [5] },
      ),
    );
    expect(chunk).toMatchObject({ kind: 'points', writer: 'w', seq: 3, generation: 0xffff_ffff, rows: 4 });
    expect(chunk.series).toEqual([
      { key: 'train/loss', context: '' },
      { key: 'acc', context: '{"rank":"0","subset":"val"}' },
    ]);
    expect([...chunk.seriesIndex]).toEqual([0, 0, 0, 1]);
    expect([...chunk.step]).toEqual([0n, 1n, -(2n ** 63n), -1n]);
    expect([...(chunk.micro ?? [])]).toEqual([0, 500_000, 0, 500_000]);
    expect([...chunk.value]).toEqual([1, NaN, -Infinity, Infinity]);
    expect([...chunk.time]).toEqual([BigInt(RECEIVED), BigInt(RECEIVED), BigInt(RECEIVED), 5n]);
  });

  it('carry no micro-steps when all steps are whole, and the generation that is given', () => {
    const chunk = decoded({ ...batch(one), generation: 2 });
    expect(chunk.micro).toBeUndefined();
    expect(chunk.generation).toBe(2);
  });

  it.each<[string, object]>([
    ['series[0].steps[1]', batch({ ...one, steps: [1, null] })],
    ['series[1].steps[0]', batch(one, { key: 'k', steps: ['NaN'], values: [1] })],
    ['series[0].steps[0]', batch({ ...one, steps: [2 ** 63, 1] })],
    ['series[0].values[1]', batch({ ...one, values: [1, null] })],
    ['series[0].values[0]', batch({ ...one, values: ['nan', 1] })],
    ['series[0].values[0]', batch({ ...one, values: ['constructor', 1] })],
    ['series[0].values[0]', batch({ ...one, values: [Infinity, 1] })],
    ['series[0].times[1]', batch({ ...one, times: [1, -1] })],
    ['series[0].times[0]', batch({ ...one, times: [8.64e15 + 2, 1] })],
    ['series[0].times[0]', batch({ ...one, times: [1.5, 1] })],
    ['series[0].values', batch({ ...one, values: [1] })],
    ['series[0].times', batch({ ...one, times: [1] })],
    ['series[0].steps', batch({ ...one, steps: 'x' })],
    ['series[1]', batch(one, one)],
    ['series[0].key', batch({ ...one, key: '' })],
    ['series[0].key', batch({ ...one, key: 'x'.repeat(limits.metricKeyBytesMax + 1) })],
    ['series[0].context.a', batch({ ...one, context: { a: 1 } })],
    ['series[0].context.a', batch({ ...one, context: { a: 'x\u0000' } })],
    ['series[0].context', batch({ ...one, context: { a: 'x'.repeat(600), b: 'y'.repeat(600) } })],
    [
      'series[0].context',
      batch({ ...one, context: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [i, ''])) }),
    ],
    ['series', batch()],
    ['series', batch({ key: 'k', steps: [], values: [] })],
    ['seq', { ...batch(one), seq: -1 }],
    ['writer', { ...batch(one), writer: '' }],
    ['generation', { ...batch(one), generation: 0xffff_ffff }],
  ])('name %s', (field, body) => {
    expect(() => chunkFromJson(body, RECEIVED)).toThrow(
      expect.objectContaining({ code: 'invalid_request', extras: { field } }) as Error,
    );
  });

  it('are refused beyond the rows of a chunk', () => {
    const steps = Array.from({ length: limits.chunkRowsMax / 2 + 1 }, (_, i) => i);
    const body = batch({ key: 'a', steps, values: steps }, { key: 'b', steps, values: steps });
    expect(() => chunkFromJson(body, RECEIVED)).toThrow(expect.objectContaining({ code: 'too_large' }) as Error);
  });
});
