/** JSON from the outside as bytes: UTF-8 and depth are checked before anything is built in memory. */
import { isUtf8 } from 'node:buffer';
import { limits } from './limits.js';
import { Problem } from './problem.js';

const refuse = (detail: string) => new Problem('invalid_request', detail, { field: 'body' });

/** The value that the bytes say, at most `jsonDepthMax` deep; throws a Problem about field `body`. */
export function parseJsonText(bytes: Uint8Array): unknown {
  if (!isUtf8(bytes)) throw refuse('the body is not valid UTF-8');
  if (isDeeperThan(bytes, limits.jsonDepthMax)) {
    throw refuse(`the JSON is nested deeper than ${String(limits.jsonDepthMax)}`);
  }
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as unknown;
  } catch (error) {
    throw refuse(`the body is not JSON: ${error instanceof Error ? error.message : ''}`.slice(0, 300).toWellFormed());
  }
}

/** Nesting of brackets outside of strings, counted on the bytes, so that a deep body is never built in memory. */
function isDeeperThan(bytes: Uint8Array, depthMax: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > depthMax) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return false;
}
