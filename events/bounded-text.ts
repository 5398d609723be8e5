/** Strings with a bound in bytes of UTF-8: the zod building block of every name, key and value that users give. */
import { z } from 'zod';

export interface ByteBounds {
  readonly bytesMax: number;
  /** Allow the empty string. */
  readonly empty?: boolean;
  /** Allow control characters (values and notes may hold line breaks; names may not). */
  readonly controls?: boolean;
  /** Refuse `.` and `..`, which paths would swallow. */
  readonly pathSafe?: boolean;
  readonly pattern?: RegExp;
}

const CONTROL = /[\u0000-\u001f\u007f]/;

/** Says what is wrong with a string, or undefined when nothing is. */
export function textFault(value: string, bounds: ByteBounds): string | undefined {
  if (value.length === 0 && bounds.empty !== true) return 'must not be empty';
  // a UTF-16 unit is at most 3 bytes of UTF-8, so short strings need no count
  if (value.length * 3 > bounds.bytesMax && Buffer.byteLength(value, 'utf8') > bounds.bytesMax) {
    return `must be at most ${String(bounds.bytesMax)} bytes of UTF-8`;
  }
  if (!value.isWellFormed()) return 'must be well-formed Unicode (a lone surrogate was found)';
  if (bounds.controls !== true && CONTROL.test(value)) return 'must not contain control characters';
  if (bounds.controls === true && value.includes('\u0000')) return 'must not contain NUL';
  if (bounds.pathSafe === true && (value === '.' || value === '..')) return 'must not be . or ..';
  if (bounds.pattern !== undefined && !bounds.pattern.test(value)) return `must match ${bounds.pattern.source}`;
  return undefined;
}

export const text = (bounds: ByteBounds) =>
  z.string().superRefine((value, context) => {
    const fault = textFault(value, bounds);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  });
