/** Record batches as this package makes them, against kafkajs's own decoder, and what a broker may send: cut off, damaged, of others. */
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noise } from '../test/noise.js';
import { decodeBatches, encodeBatch } from './kafka-records.js';

const MiB = 1024 * 1024;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Several batches one after another, as a broker keeps them: it writes the offset and moves nothing else. */
async function stored(...batches: readonly (readonly Uint8Array[])[]): Promise<Buffer> {
  let base = 0;
  const parts = [];
  for (const values of batches) {
    const batch = await encodeBatch(values, 1_700_000_000_000);
    batch.writeBigInt64BE(BigInt(base), 0);
    base += values.length;
    parts.push(batch);
  }
  return Buffer.concat(parts);
}

describe('record batches', () => {
  it('come back as they were, whatever is in them', async () => {
    const values = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(fc.array(values, { minLength: 1, maxLength: 4 }), async (batches) => {
        const { records, exhausted } = decodeBatches(await stored(...batches), 0, MiB);
        expect(exhausted).toBe(true);
        expect(records.map(({ offset }) => offset)).toEqual(batches.flat().map((_, i) => i));
        expect(records.map(({ value }) => Buffer.from(value))).toEqual(
          batches.flat().map((value) => Buffer.from(value)),
        );
        expect(records.every(({ value }) => value.byteOffset % 8 === 0)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('are what kafkajs reads', async () => {
    const load = createRequire(import.meta.url);
    const Decoder = load('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => unknown;
    const decode = load('kafkajs/src/protocol/recordBatch/v0/decoder') as (
      decoder: unknown,
    ) => Promise<{ records: { offset: string; value: Buffer; timestamp: string }[] }>;
    const values = [noise(100_000, 1), noise(0, 2), noise(70, 3)];
    const { records } = await decode(new Decoder(await encodeBatch(values, 1_700_000_000_000)));
    expect(records.map(({ offset }) => offset)).toEqual(['0', '1', '2']);
    expect(records.map(({ timestamp }) => timestamp)).toEqual(Array(3).fill('1700000000000'));
    expect(records.map(({ value }) => Buffer.from(value))).toEqual(values.map((value) => Buffer.from(value)));
  });

  it('are smaller where their values repeat, on the thread pool, too', async () => {
    for (const size of [1000, 200_000]) {
      const batch = await encodeBatch([Buffer.alloc(size, 'all the same ')], 0);
      expect(batch.length).toBeLessThan(size / 2);
      expect(Buffer.from(decodeBatches(batch, 0, MiB).records[0]?.value ?? []).toString()).toMatch(
        /^(all the same ?)+/,
      );
    }
    expect((await encodeBatch([noise(1000, 1)], 0)).length).toBeLessThan(1100);
  });

  it('are read from the middle, up to the bytes asked for, and what is left is said', async () => {
    const bytes = await stored([text('a'), text('b')], [text('c'), text('d')], [text('e')]);
    const from = (offset: number, bytesMax: number) => {
      const { records, exhausted } = decodeBatches(bytes, offset, bytesMax);
      return [records.map(({ value }) => Buffer.from(value).toString()).join(''), exhausted];
    };
    expect(from(1, 2)).toEqual(['bc', false]);
    expect(from(3, 0)).toEqual(['d', false]);
    expect(from(3, 9)).toEqual(['de', true]);
    expect(from(5, 9)).toEqual(['', true]);
  });

  it('leaves a batch alone that is cut off at the end', async () => {
    const bytes = await stored([text('a')], [text('b')]);
    for (let cut = 1; cut < bytes.length / 2; cut++) {
      expect(decodeBatches(bytes.subarray(0, bytes.length - cut), 0, 9).records).toHaveLength(1);
    }
  });

  it('serves nothing whose checksum fails', async () => {
    const bytes = await stored([text('a value')]);
    for (let at = 17; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect(() => decodeBatches(damaged, 0, 9)).toThrow('checksum');
    }
  });

  it('says when offsets are missing', async () => {
    const batch = await encodeBatch([text('late')], 0);
    batch.writeBigInt64BE(7n, 0);
    expect(() => decodeBatches(batch, 3, 9)).toThrow('offset 3 is missing, 7 comes next');
  });
});
