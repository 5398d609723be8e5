/** The envelope (docs/EVENTS.md): what the server knows about a chunk (workspace, run, when it came), in front of the chunk as it came. */
import { isUtf8 } from 'node:buffer';
import { err, ok, type Result } from '../runtime/result.js';
import { limits } from '../runtime/limits.js';
import { textFault } from './bounded-text.js';
import { CURRENT_GENERATION, padded, type ChunkFault } from './chunk-layout.js';

export interface Envelope {
  readonly workspace: string;
  /** The internal UUID of the run, in lower case. */
  readonly run: string;
  /** When the edge took the chunk in, in ms. */
  readonly receivedAt: number;
  /** The generation that the points belong to, resolved. */
  readonly generation: number;
}

export interface Enveloped extends Envelope {
  /** The chunk as it came, a view into the given bytes; 8-byte aligned when those are. */
  readonly chunk: Uint8Array;
}

/** "RLEN" as a little-endian u32. */
const MAGIC = 0x4e454c52;
const VERSION = 1;
const FIXED_BYTES = 40;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Throws RangeError on values that the edge must never let through. */
export function encodeEnvelope(envelope: Envelope, chunk: Uint8Array): Uint8Array {
  const { workspace, run, receivedAt, generation } = envelope;
  if (!UUID.test(run)) throw new RangeError('run must be a UUID in lower case');
  if (!Number.isSafeInteger(receivedAt) || receivedAt < 0)
    throw new RangeError('receivedAt must be ms since the epoch');
  if (!Number.isInteger(generation) || generation < 0 || generation >= CURRENT_GENERATION) {
    throw new RangeError('generation must be resolved');
  }
  const wrong = textFault(workspace, { bytesMax: limits.workspaceNameBytesMax });
  if (wrong !== undefined) throw new RangeError(`workspace ${wrong}`);
  const nameBytes = Buffer.byteLength(workspace, 'utf8');
  const chunkAt = FIXED_BYTES + padded(nameBytes, 8);
  const bytes = Buffer.from(new ArrayBuffer(chunkAt + chunk.length));
  bytes.writeUInt32LE(MAGIC, 0);
  bytes[4] = VERSION;
  bytes[5] = nameBytes;
  bytes.write(run.replaceAll('-', ''), 8, 'hex');
  bytes.writeUInt32LE(receivedAt % 2 ** 32, 24);
  bytes.writeUInt32LE(Math.floor(receivedAt / 2 ** 32), 28);
  bytes.writeUInt32LE(generation, 32);
  bytes.write(workspace, FIXED_BYTES, 'utf8');
  bytes.set(chunk, chunkAt);
  return bytes;
}

/** Reads the envelope; the chunk behind it is not looked at. */
export function decodeEnvelope(value: Uint8Array): Result<Enveloped, ChunkFault> {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (bytes.length < FIXED_BYTES) return fault('envelope', 'is truncated');
  if (bytes.readUInt32LE(0) !== MAGIC) return fault('envelope.magic', 'must be "RLEN"');
  if (bytes[4] !== VERSION) return fault('envelope.version', `${String(bytes[4])} is not known, only 1 is`);
  const nameBytes = bytes[5] ?? 0;
  const nameEnd = FIXED_BYTES + nameBytes;
  const chunkAt = FIXED_BYTES + padded(nameBytes, 8);
  if (chunkAt > bytes.length) return fault('envelope.workspace', 'runs past the record');
  if (bytes.readUInt16LE(6) !== 0 || bytes.readUInt32LE(36) !== 0) return fault('envelope.reserved', 'must be zero');
  const receivedHigh = bytes.readUInt32LE(28);
  if (receivedHigh > 0x1f_ffff) return fault('envelope.receivedAt', 'must be at most 2^53-1');
  const generation = bytes.readUInt32LE(32);
  if (generation === CURRENT_GENERATION) return fault('envelope.generation', 'must be resolved');
  const name = bytes.subarray(FIXED_BYTES, nameEnd);
  if (!isUtf8(name)) return fault('envelope.workspace', 'must be well-formed UTF-8');
  const workspace = name.toString('utf8');
  const wrong = textFault(workspace, { bytesMax: limits.workspaceNameBytesMax });
  if (wrong !== undefined) return fault('envelope.workspace', wrong);
  for (let at = nameEnd; at < chunkAt; at++) {
    if (bytes[at] !== 0) return fault('envelope.padding', 'must be zero');
  }
  return ok({
    workspace,
    run: uuidText(bytes.toString('hex', 8, 24)),
    receivedAt: receivedHigh * 2 ** 32 + bytes.readUInt32LE(24),
    generation,
    chunk: value.subarray(chunkAt),
  });
}

const uuidText = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;

const fault = (field: string, detail: string): Result<never, ChunkFault> => err({ field, detail });
