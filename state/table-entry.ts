/** What an own table takes: keys that fit into LMDB and values that JSON gives back as they were. */

const KEY_BYTES_MAX = 1900;

export function checkedKey(key: string): string {
  const bytes = Buffer.byteLength(key);
  if (bytes > KEY_BYTES_MAX) {
    throw new RangeError(`the key of a table is at most ${String(KEY_BYTES_MAX)} bytes, this one has ${String(bytes)}`);
  }
  return key;
}

/** The value as JSON; throws TypeError on what JSON would drop or change without a word. */
export function checkedJson(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => {
    if (inner === undefined || typeof inner === 'function' || ArrayBuffer.isView(inner)) {
      throw new TypeError(`a table cannot hold the value at ${JSON.stringify(key)}`);
    }
    if (typeof inner === 'number' && !Number.isFinite(inner)) {
      throw new TypeError(`a table cannot hold ${String(inner)} at ${JSON.stringify(key)}`);
    }
    return inner;
  });
}
