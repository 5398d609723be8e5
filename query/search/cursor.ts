/** The cursor of a page: where the last row stood in its order, tied to the question it belongs to; opaque to clients. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { limits } from '../../runtime/limits.js';
import { Problem } from '../../runtime/problem.js';

export interface Cursor {
  /** The moment of the first page: relative times and derived statuses stay what they were. */
  readonly nowMs: number;
  /** Values of the order's components in the last row; infinities as words. */
  readonly values: readonly (number | string)[];
  /** Id of the last run. */
  readonly id: string;
}

const wire = z.tuple([
  z.literal(1),
  z.string(),
  z.number().int().min(0).max(8_640_000_000_000_000),
  z.array(z.union([z.number(), z.string().max(8 * limits.orderTextCharsMax)])).max(50),
  z.string().min(1).max(limits.runIdBytesMax),
]);

/** Tells questions apart: whatever changes the order or the set of rows belongs into it. */
export const questionHash = (...parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 16);

export const encodeCursor = (question: string, { nowMs, values, id }: Cursor): string =>
  Buffer.from(JSON.stringify([1, question, nowMs, values, id])).toString('base64url');

/** `types` are those of the question's order components. */
export function decodeCursor(text: string, question: string, types: readonly ('number' | 'text')[]): Cursor {
  const refuse = (detail: string) => new Problem('invalid_request', `cursor ${detail}`, { field: 'cursor' });
  let parsed;
  try {
    parsed = wire.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
  } catch {
    throw refuse('is not one that a search answered with');
  }
  if (!parsed.success) throw refuse('is not one that a search answered with');
  const [, hash, nowMs, values, id] = parsed.data;
  if (hash !== question) throw refuse('belongs to another question: ask with the same filter, order and experiments');
  const fits = (value: number | string | undefined, type: 'number' | 'text') =>
    type === 'text' ? typeof value === 'string' : typeof value === 'number' || value === 'inf' || value === '-inf';
  if (values.length !== types.length || !types.every((type, i) => fits(values[i], type))) {
    throw refuse('is not one that a search answered with');
  }
  return { nowMs, values, id };
}
