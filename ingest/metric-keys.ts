/**
 * How many distinct metric keys a run has, to refuse the one over the bound by its name.
 *
 * Per live run a set of 53-bit hashes is kept, in all at most `metricKeysRememberedMax`; the runs heard from least recently
 * are forgotten first. The count is exact while a run is remembered. After a restart (or when a run was forgotten) `known` is
 * asked for the keys that the tables have, in the background: ingest never waits for the tables. Until the answer is
 * there, and where no `known` is given, a run may pass the bound by what it sends meanwhile. Two keys with one hash count once.
 */
import type { Holder } from './fair-shares.js';

export interface KeyBounds {
  readonly metricKeysPerRunMax: number;
  readonly metricKeysRememberedMax: number;
}

/** The keys of a run as the tables have them. */
export type KnownKeys = (holder: Holder) => Promise<Iterable<string>>;

export interface MetricKeys {
  /** Remembers the keys of a chunk; or gives the first one over the bound and remembers none of them. */
  take(holder: Holder, series: readonly { readonly key: string }[]): string | undefined;
}

interface KeysOfRun {
  readonly hashes: Set<number>;
  /** Dictionaries that were taken already: writers send the same one with every chunk. */
  readonly taken: WeakSet<object>;
}

export function createMetricKeys(bounds: KeyBounds, known?: KnownKeys): MetricKeys {
  const runs = new Map<string, KeysOfRun>();
  let remembered = 0;

  const forgetOldest = (keep: string) => {
    for (const [run, { hashes }] of runs) {
      if (remembered <= bounds.metricKeysRememberedMax || run === keep) return;
      runs.delete(run);
      remembered -= hashes.size;
    }
  };
  const addAll = (run: string, keys: KeysOfRun, hashes: Iterable<number>) => {
    const before = keys.hashes.size;
    for (const hash of hashes) keys.hashes.add(hash);
    remembered += keys.hashes.size - before;
    forgetOldest(run);
  };
  const seed = async (holder: Holder, keys: KeysOfRun) => {
    try {
      const found = (await known?.(holder)) ?? [];
      if (runs.get(holder.run) === keys) addAll(holder.run, keys, Array.from(found, hashOf));
    } catch {
      // the tables are away: the count goes on from what is sent
    }
  };
  const keysOf = (holder: Holder): KeysOfRun => {
    const keys = runs.get(holder.run) ?? { hashes: new Set(), taken: new WeakSet() };
    const isNew = !runs.delete(holder.run);
    runs.set(holder.run, keys);
    if (isNew) void seed(holder, keys);
    return keys;
  };

  return {
    take(holder, series) {
      const keys = keysOf(holder);
      if (keys.taken.has(series)) return undefined;
      const fresh = new Set<number>();
      for (const { key } of series) {
        const hash = hashOf(key);
        if (keys.hashes.has(hash)) continue;
        fresh.add(hash);
        if (keys.hashes.size + fresh.size > bounds.metricKeysPerRunMax) return key;
      }
      addAll(holder.run, keys, fresh);
      keys.taken.add(series);
      return undefined;
    },
  };
}

/** Two runs of FNV-1a over the UTF-16 units with different starts, put together to 53 bits. */
function hashOf(key: string): number {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x01000193) + 0x7ed55d16;
  }
  return (high & 0x1f_ffff) * 2 ** 32 + (low >>> 0);
}
