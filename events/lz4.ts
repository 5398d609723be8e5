/** LZ4 in its two forms: raw blocks (bodies of chunks, batches of the log) and frames (HTTP bodies), never inflating past a bound. */
import {
  compress,
  compressFrame as compressFrameOnPool,
  compressFrameSync,
  compressSync,
  decompressFrameSync,
  uncompressSync,
} from 'lz4-napi';
import { err, ok, type Result } from '../runtime/result.js';

/** The package puts the size in front of a block, as a u32. Our formats carry the size themselves. */
const PREFIX_BYTES = 4;

/** One raw LZ4 block. */
export const compressBlock = (bytes: Uint8Array): Uint8Array => compressSync(asBuffer(bytes)).subarray(PREFIX_BYTES);

/** One raw LZ4 block, made on the thread pool; `bytes` must not change meanwhile. */
export const compressBlockAsync = async (bytes: Uint8Array): Promise<Uint8Array> =>
  (await compress(asBuffer(bytes))).subarray(PREFIX_BYTES);

/** Inflates a raw block that must hold exactly `rawBytes`; undefined when it holds more, fewer or is no block. The result starts at byteOffset 0. */
export function uncompressBlock(block: Uint8Array, rawBytes: number): Uint8Array | undefined {
  const prefixed = Buffer.allocUnsafe(PREFIX_BYTES + block.length);
  prefixed.writeUInt32LE(rawBytes, 0);
  prefixed.set(block, PREFIX_BYTES);
  try {
    const raw = uncompressSync(prefixed);
    return raw.length === rawBytes ? raw : undefined;
  } catch {
    return undefined;
  }
}

/** An LZ4 frame, as `Content-Encoding: lz4` carries it. */
export const compressFrame = (bytes: Uint8Array): Uint8Array => compressFrameSync(asBuffer(bytes));

/** The same, made on the thread pool; `bytes` must not change meanwhile. */
export const compressFrameAsync = async (bytes: Uint8Array): Promise<Uint8Array> =>
  compressFrameOnPool(asBuffer(bytes));

export type FrameFault = 'malformed' | 'too_large';

/**
 * Inflates one LZ4 frame of at most `rawBytesMax`. The package inflates without a bound and accepts a frame that is cut
 * short, so the blocks are walked and measured first.
 */
export function uncompressFrame(frame: Uint8Array, rawBytesMax: number): Result<Uint8Array, FrameFault> {
  const measured = measureFrame(frame, rawBytesMax);
  if (!measured.ok) return measured;
  try {
    const raw = decompressFrameSync(asBuffer(frame));
    return raw.length === measured.value ? ok(raw) : err('malformed');
  } catch {
    return err('malformed');
  }
}

const FRAME_MAGIC = 0x184d2204;

/** Bytes that a frame inflates to, without inflating it. */
function measureFrame(frame: Uint8Array, rawBytesMax: number): Result<number, FrameFault> {
  if (frame.length < 7) return err('malformed');
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0, true) !== FRAME_MAGIC) return err('malformed');
  const flags = view.getUint8(4);
  if (flags >> 6 !== 1 || (flags & 2) !== 0) return err('malformed');
  const [blockChecksum, contentSize, contentChecksum, dictionary] = [flags & 16, flags & 8, flags & 4, flags & 1];
  if (dictionary !== 0) return err('malformed');
  let at = 6 + (contentSize === 0 ? 0 : 8) + 1;
  let raw = 0;
  for (;;) {
    if (at + 4 > frame.length) return err('malformed');
    const word = view.getUint32(at, true);
    at += 4;
    if (word === 0) break;
    const size = word & 0x7fff_ffff;
    if (size > frame.length - at) return err('malformed');
    const inflated = word >>> 31 === 1 ? size : measureBlock(frame.subarray(at, at + size));
    if (inflated === undefined) return err('malformed');
    raw += inflated;
    if (raw > rawBytesMax) return err('too_large');
    at += size + (blockChecksum === 0 ? 0 : 4);
  }
  at += contentChecksum === 0 ? 0 : 4;
  return at === frame.length ? ok(raw) : err('malformed');
}

/** Sums the literal and match lengths of a block's sequences: what it inflates to. */
function measureBlock(block: Uint8Array): number | undefined {
  let at = 0;
  let raw = 0;
  const extra = (): number => {
    let sum = 0;
    let byte = 255;
    while (byte === 255) {
      if (at >= block.length) return Number.NaN;
      byte = block[at++] ?? 0;
      sum += byte;
    }
    return sum;
  };
  while (at < block.length) {
    const token = block[at++] ?? 0;
    let literals = token >> 4;
    if (literals === 15) literals += extra();
    at += literals;
    raw += literals;
    if (at === block.length) return raw;
    at += 2;
    let match = (token & 15) + 4;
    if (match === 19) match += extra();
    raw += match;
    if (Number.isNaN(raw) || at > block.length) return undefined;
  }
  return undefined;
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
