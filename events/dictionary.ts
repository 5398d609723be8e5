/** Objects with free keys (parameters, tags, context): unlike z.record it keeps every key, `__proto__` too, and names the key at fault. */
import { z } from 'zod';
import { textFault, type ByteBounds } from './bounded-text.js';

/** A record whose keys stay within `keys` (any key when left out) and whose values satisfy `values`. */
export const dictionary = <V>(keys: ByteBounds | undefined, values: z.ZodType<V>) =>
  z.custom<Record<string, unknown>>(isPlainObject, 'must be an object').transform((input, context) => {
    const output: Record<string, V> = {};
    for (const [key, value] of Object.entries(input)) {
      const keyFault = keys === undefined ? undefined : textFault(key, keys);
      if (keyFault !== undefined) {
        context.addIssue({ code: 'custom', message: `the key ${keyFault}`, path: [key], input: key });
        continue;
      }
      const parsed = values.safeParse(value);
      if (parsed.success) define(output, key, parsed.data);
      for (const issue of parsed.error?.issues ?? []) {
        context.addIssue({ code: 'custom', message: issue.message, path: [key, ...issue.path], input: value });
      }
    }
    return output;
  });

/** `output.__proto__ = value` would set the prototype instead of a key. */
function define<V>(output: Record<string, V>, key: string, value: V): void {
  if (key === '__proto__') {
    Object.defineProperty(output, key, { value, enumerable: true, writable: true, configurable: true });
  } else {
    output[key] = value;
  }
}

function isPlainObject(input: unknown): boolean {
  if (typeof input !== 'object' || input === null) return false;
  const prototype: unknown = Object.getPrototypeOf(input);
  return prototype === Object.prototype || prototype === null;
}
