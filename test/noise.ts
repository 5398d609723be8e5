/** Bytes that look random, do not compress, and are the same every time. */
export function noise(length: number, seed: number): Uint8Array {
  let state = Math.imul(seed + 1, 2_654_435_761) >>> 0;
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24);
}
