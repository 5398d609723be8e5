/**
 * The JSON body of a question: bounded, UTF-8, shallow, and checked by a schema before anything looks at it.
 * The write side reads its own bodies: it unpacks and meters them, which questions need not.
 */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { limits } from '../runtime/limits.js';
import { Problem } from '../runtime/problem.js';
import { checkSchema } from './parameters.js';

const refuse = (detail: string) => new Problem('invalid_request', detail, { field: 'body' });

export async function readQuestion<T>(schema: z.ZodType<T>, req: IncomingMessage): Promise<T> {
  requireJson(req);
  return checkSchema(schema, parse(await readBytes(req)), 'body');
}

function requireJson(req: IncomingMessage): void {
  const type = req.headers['content-type'] ?? '';
  if (/^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(type.trim())) {
    const encoding = req.headers['content-encoding'] ?? 'identity';
    if (encoding.trim().toLowerCase() === 'identity') return;
    throw new Problem('unsupported_media_type', 'questions are not compressed', { field: 'Content-Encoding' });
  }
  throw new Problem('unsupported_media_type', 'Content-Type must be application/json in UTF-8', {
    field: 'Content-Type',
  });
}

async function readBytes(req: IncomingMessage): Promise<Buffer> {
  const tooLarge = () =>
    new Problem('too_large', `the body is larger than ${String(limits.questionBytesMax)} bytes`, { field: 'body' });
  if (Number(req.headers['content-length'] ?? '0') > limits.questionBytesMax) throw tooLarge();
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of req as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > limits.questionBytesMax) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts, bytes);
}

function parse(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw refuse('the body is not valid UTF-8');
  if (isDeeperThan(bytes, limits.jsonDepthMax)) {
    throw refuse(`the JSON is nested deeper than ${String(limits.jsonDepthMax)}`);
  }
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (error) {
    throw refuse(`the body is not JSON: ${error instanceof Error ? error.message : ''}`.slice(0, 300).toWellFormed());
  }
}

/** Counted on the bytes, so that a deep body is never built in memory. */
function isDeeperThan(bytes: Uint8Array, depthMax: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const char = String.fromCharCode(bytes[i] ?? 0);
    if (inString) {
      if (char === '\\') i++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') {
      if (++depth > depthMax) return true;
    } else if (char === '}' || char === ']') depth--;
  }
  return false;
}
