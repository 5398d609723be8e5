/** JSON from the outside: UTF-8, depth and names are checked before a schema sees it, and a schema's complaint names the field. */
import type { z } from 'zod';
import { parseJsonText } from '../runtime/json-text.js';
import { limits } from '../runtime/limits.js';
import { Problem } from '../runtime/problem.js';

const refuse = (field: string, detail: string) => new Problem('invalid_request', detail, { field });

/** Parses bytes to a value that holds no `__proto__` (a record schema would drop it in silence) and is at most `jsonDepthMax` deep. */
export function parseJson(bytes: Uint8Array): unknown {
  const value = parseJsonText(bytes);
  const hidden = protoPath(value);
  if (hidden !== undefined) throw refuse(fieldOf(hidden), 'the name __proto__ can not be used');
  return value;
}

type Path = readonly PropertyKey[];

/** Where a value has an own `__proto__`. Depth is bounded already, so recursion is safe. */
function protoPath(value: unknown, path: Path = []): Path | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (typeof item !== 'object') continue;
      const found = protoPath(item, [...path, i]);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (Object.hasOwn(value, '__proto__')) return [...path, '__proto__'];
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== 'object') continue;
    const found = protoPath(item, [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `series[2].steps[0]` or `params.lr`; `body` for the whole. */
export function fieldOf(path: Path): string {
  let field = '';
  for (const part of path) field += typeof part === 'number' ? `[${String(part)}]` : `.${String(part)}`;
  return field === '' ? 'body' : field.replace(/^\./, '').slice(0, limits.problemFieldCharsMax).toWellFormed();
}

/** The value as `schema` sees it, or a 400 that names the first field at fault. */
export function checkSchema<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue === undefined) throw refuse('body', 'the body breaks the schema');
  const field = fieldOf(issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path);
  throw refuse(field, `${field}: ${detailOf(issue)}`);
}

function detailOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return 'there is no such field';
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  if (issue.code === 'invalid_union') {
    const alternatives = issue.errors.flatMap((errors) => errors.slice(0, 1).map((error) => error.message));
    return [...new Set(alternatives)].join('; or: ').slice(0, 500);
  }
  return issue.message;
}
