/** Bodies: encodings are unpacked up to a bound, whatever they claim. */
import type { IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { compressFrame } from '../events/lz4.js';
import { decoderOf } from './body.js';

const requestWith = (encoding?: string) =>
  ({ headers: encoding === undefined ? {} : { 'content-encoding': encoding } }) as IncomingMessage;
const decode = (encoding: string | undefined, body: Uint8Array, bytesMax: number) =>
  decoderOf(requestWith(encoding))(Buffer.from(body), bytesMax);
const text = Buffer.from('points and points and points and more points '.repeat(100));

describe('a body', () => {
  it.each([
    [undefined, text],
    ['identity', text],
    ['gzip', gzipSync(text)],
    ['GZIP', gzipSync(text)],
    ['lz4', compressFrame(text)],
  ])('in %s is unpacked', async (encoding, body) => {
    expect(Buffer.from(await decode(encoding, body, text.length))).toEqual(text);
  });

  it.each([
    ['gzip', gzipSync],
    ['lz4', compressFrame],
  ])('in %s that unpacks past the bound is refused', async (encoding, pack) => {
    const bomb = pack(Buffer.alloc(4_000_000));
    expect(bomb.length).toBeLessThan(40_000);
    await expect((async () => decode(encoding, bomb, 3_999_999))()).rejects.toMatchObject({ code: 'too_large' });
    expect(await decode(encoding, bomb, 4_000_000)).toHaveLength(4_000_000);
  });

  it.each([
    ['gzip', text],
    ['gzip', gzipSync(text).subarray(0, 40)],
    ['lz4', text],
    ['lz4', compressFrame(text).subarray(0, 40)],
  ])('that is not valid %s is refused', async (encoding, body) => {
    await expect((async () => decode(encoding, body, 10_000))()).rejects.toMatchObject({
      code: 'invalid_request',
      extras: { field: 'body' },
    });
  });

  it.each(['br', 'deflate', 'gzip, lz4', 'constructor', ''])(
    'in encoding %j is refused before it is read',
    (encoding) => {
      expect(() => decoderOf(requestWith(encoding))).toThrow(
        expect.objectContaining({ code: 'unsupported_media_type' }) as Error,
      );
    },
  );
});
