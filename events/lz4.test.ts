/** LZ4: blocks and frames come back whole, and nothing inflates past its bound. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compressBlock, compressBlockAsync, compressFrame, uncompressBlock, uncompressFrame } from './lz4.js';

const bytes = Buffer.from('step by step, '.repeat(500));
const inflated = (frame: Uint8Array, max: number) => {
  const result = uncompressFrame(frame, max);
  return result.ok ? Buffer.from(result.value).toString() : result.error;
};

describe('an LZ4 block', () => {
  it('comes back whole', async () => {
    const block = compressBlock(bytes);
    expect(block.length).toBeLessThan(bytes.length / 10);
    expect(Buffer.from(uncompressBlock(block, bytes.length) ?? []).equals(bytes)).toBe(true);
    expect(Buffer.from(await compressBlockAsync(bytes)).equals(block)).toBe(true);
  });

  it('is refused when it holds more or less than it should, or is cut', () => {
    const block = compressBlock(bytes);
    expect(uncompressBlock(block, bytes.length - 1)).toBeUndefined();
    expect(uncompressBlock(block, bytes.length + 1)).toBeUndefined();
    expect(uncompressBlock(block.subarray(0, -1), bytes.length)).toBeUndefined();
    expect(uncompressBlock(new Uint8Array(), bytes.length)).toBeUndefined();
  });

  it('is made of a view as of a whole buffer', () => {
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset + 100, 1000);
    expect(Buffer.from(uncompressBlock(compressBlock(view), 1000) ?? []).equals(view)).toBe(true);
  });
});

describe('an LZ4 frame', () => {
  it('comes back whole, up to its bound', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 40 }), fc.nat(3), (parts, copies) => {
        const raw = Buffer.concat([...parts, ...Array.from({ length: copies }, () => parts).flat()]);
        const result = uncompressFrame(compressFrame(raw), raw.length);
        expect(result.ok && Buffer.from(result.value).equals(raw)).toBe(true);
      }),
    );
    expect(inflated(compressFrame(bytes), bytes.length)).toBe(bytes.toString());
  });

  it('is not inflated past its bound, however small it looks', () => {
    const bomb = compressFrame(Buffer.alloc(64 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(400_000);
    expect(inflated(bomb, 1024 * 1024)).toBe('too_large');
    expect(inflated(compressFrame(bytes), bytes.length - 1)).toBe('too_large');
  });

  it('is refused when it is cut, at any byte, or when something follows it', () => {
    const frame = compressFrame(bytes);
    for (let length = 0; length < frame.length; length++) {
      expect(inflated(frame.subarray(0, length), bytes.length)).toBe('malformed');
    }
    expect(inflated(Buffer.concat([frame, Buffer.of(0)]), bytes.length)).toBe('malformed');
    expect(inflated(Buffer.concat([frame, frame]), bytes.length * 2)).toBe('malformed');
  });

  it('never breaks on noise', () => {
    const frame = compressFrame(bytes);
    fc.assert(
      fc.property(fc.nat(frame.length - 1), fc.nat(255), (at, byte) => {
        const copy = Buffer.from(frame);
        copy[at] = byte;
        const result = uncompressFrame(copy, bytes.length);
        if (result.ok) expect(result.value.length).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});
