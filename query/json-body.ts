/**
 * The JSON body of a question: bounded, UTF-8, shallow, and checked by a schema before anything looks at it.
 * The write side reads its own bodies: it unpacks and meters them, which questions need not.
 */
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { parseJsonText } from '../runtime/json-text.js';
import { limits } from '../runtime/limits.js';
import { Problem } from '../runtime/problem.js';
import { checkSchema } from './parameters.js';

export async function readQuestion<T>(schema: z.ZodType<T>, req: IncomingMessage): Promise<T> {
  requireJson(req);
  return checkSchema(schema, parseJsonText(await readBytes(req)), 'body');
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
