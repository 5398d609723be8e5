/** Positions as the server gives them: `<epoch>.<control>.<m0>.<m1>…` with `_` for none, merged part by part. */

/** The position that includes both. One of another epoch replaces what was known: the log was made anew. */
export function mergePositions(known: string | undefined, next: string): string {
  if (known === undefined) return next;
  const [epoch, ...a] = known.split('.');
  const [nextEpoch, ...b] = next.split('.');
  if (epoch !== nextEpoch) return next;
  const larger = (x = '_', y = '_') => (x === '_' ? y : y === '_' ? x : Number(x) >= Number(y) ? x : y);
  const length = Math.max(a.length, b.length);
  return [epoch, ...Array.from({ length }, (_, i) => larger(a[i], b[i]))].join('.');
}
