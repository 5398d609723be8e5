/** The bytes of a request: read up to a bound, then unpacked up to the same bound, whatever the encoding claims. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { uncompressFrame } from '../events/lz4.js';
import { Problem } from '../runtime/problem.js';
import { RequestAborted } from './answer.js';

const unzip = promisify(gunzip);

const tooLarge = (bytesMax: number) =>
  new Problem('too_large', `the body is larger than ${String(bytesMax)} bytes`, { field: 'body' });

/** Bytes that the headers announce; `bytesMax` when they announce none (chunked). Refuses what is announced too large. */
export function announcedBytes(req: IncomingMessage, bytesMax: number): number {
  if (req.headers['transfer-encoding'] !== undefined) return bytesMax;
  const announced = Number(req.headers['content-length'] ?? '0');
  if (announced > bytesMax) throw tooLarge(bytesMax);
  return announced;
}

export function readBody(req: IncomingMessage, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let total = 0;
    const done = (settle: () => void) => {
      req.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      settle();
    };
    const onData = (part: Buffer) => {
      total += part.length;
      parts.push(part);
      if (total > bytesMax) {
        done(() => {
          reject(tooLarge(bytesMax));
        });
      }
    };
    const onEnd = () => {
      done(() => {
        resolve(parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, total));
      });
    };
    const onGone = () => {
      done(() => {
        reject(new RequestAborted());
      });
    };
    req.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

export type Decoder = (body: Buffer, bytesMax: number) => Promise<Uint8Array>;

const corrupt = (encoding: string) =>
  new Problem('invalid_request', `the body is not valid ${encoding}`, { field: 'body' });

async function decodeGzip(body: Buffer, bytesMax: number): Promise<Uint8Array> {
  try {
    return await unzip(body, { maxOutputLength: bytesMax });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(bytesMax);
    throw corrupt('gzip');
  }
}

function decodeLz4(body: Buffer, bytesMax: number): Promise<Uint8Array> {
  const decoded = uncompressFrame(body, bytesMax);
  if (decoded.ok) return Promise.resolve(decoded.value);
  throw decoded.error === 'too_large' ? tooLarge(bytesMax) : corrupt('LZ4 frame');
}

const DECODERS: Readonly<Record<string, Decoder>> = {
  identity: (body) => Promise.resolve(body),
  gzip: decodeGzip,
  'x-gzip': decodeGzip,
  lz4: decodeLz4,
};

/** The decoder for a Content-Encoding header, found before the body is read. */
export function decoderOf(req: IncomingMessage): Decoder {
  const encoding = (req.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const decoder = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
  if (decoder !== undefined) return decoder;
  throw new Problem('unsupported_media_type', 'Content-Encoding must be gzip, lz4 (frame) or identity', {
    field: 'Content-Encoding',
  });
}

/** The media type without its parameters, in lower case; '' when there is none. */
export const mediaType = (req: IncomingMessage): string =>
  (req.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

export function requireJson(req: IncomingMessage): void {
  const charset = /;\s*charset="?([^";\s]+)"?/i.exec(req.headers['content-type'] ?? '')?.[1];
  if (mediaType(req) === 'application/json' && (charset === undefined || charset.toLowerCase() === 'utf-8')) return;
  throw new Problem('unsupported_media_type', 'Content-Type must be application/json in UTF-8', {
    field: 'Content-Type',
  });
}
