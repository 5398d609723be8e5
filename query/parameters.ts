/** Strict reading of query strings and bodies: what the schema does not know is refused by name, never ignored. */
import type { z } from 'zod';
import { limits } from '../runtime/limits.js';
import { Problem } from '../runtime/problem.js';

const refuse = (field: string, detail: string) => new Problem('invalid_request', detail, { field });

/** The query string of a URL. A name that stands twice is refused, as are escapes that are not UTF-8. */
export function queryOf(url: string): Map<string, string> {
  const start = url.indexOf('?');
  const query = new Map<string, string>();
  if (start < 0) return query;
  for (const pair of url.slice(start + 1).split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals), 'query');
    if (query.has(name)) throw refuse(shown(name), `${shown(name)} is given twice`);
    query.set(name, equals < 0 ? '' : decode(pair.slice(equals + 1), shown(name)));
  }
  return query;
}

function decode(text: string, field: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw refuse(field, `${field} is not valid percent-encoded UTF-8`);
  }
}

const shown = (name: string) => (name === '' ? 'query' : name.slice(0, limits.problemFieldCharsMax).toWellFormed());

/** The query as `schema` sees it. */
export const checkQuery = <T>(schema: z.ZodType<T>, query: ReadonlyMap<string, string>): T =>
  checkSchema(schema, Object.fromEntries(query), 'query');

/** The value as `schema` sees it, or a 400 that names the first field at fault; `whole` names the value itself. */
export function checkSchema<T>(schema: z.ZodType<T>, value: unknown, whole: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue === undefined) throw refuse(whole, `the ${whole} breaks the schema`);
  const field = fieldOf(issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path, whole);
  const detail = issue.code === 'unrecognized_keys' ? 'there is no such field' : issue.message;
  throw refuse(field, `${field}: ${detail}`);
}

/** `runs[2]` or `filter`. */
function fieldOf(path: readonly PropertyKey[], whole: string): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${String(part)}]` : `.${String(part)}`)).join('');
  return text === '' ? whole : shown(text.replace(/^\./, ''));
}
