/** Which batches this instance has appended lately: the hint `duplicate` in answers. The projector decides. */
export interface RecentBatches {
  seen(run: string, writer: string, seq: number): boolean;
  add(run: string, writer: string, seq: number): void;
}

export interface BatchBounds {
  readonly writersRememberedMax: number;
  readonly batchGapsRememberedMax: number;
}

/** A writer counts up by one, so a range is nearly all there is to remember of it. */
interface Written {
  first: number;
  last: number;
  readonly beyond: Set<number>;
}

export function createRecentBatches(bounds: BatchBounds): RecentBatches {
  const writers = new Map<string, Written>();
  const nameOf = (run: string, writer: string) => `${run} ${writer}`;
  return {
    seen(run, writer, seq) {
      const written = writers.get(nameOf(run, writer));
      if (written === undefined) return false;
      return (seq >= written.first && seq <= written.last) || written.beyond.has(seq);
    },
    add(run, writer, seq) {
      const name = nameOf(run, writer);
      const written = writers.get(name) ?? { first: seq, last: seq, beyond: new Set() };
      // written again so that the map is in the order of last use
      writers.delete(name);
      writers.set(name, written);
      if (seq < written.first || seq > written.last) written.beyond.add(seq);
      while (written.beyond.delete(written.last + 1)) written.last++;
      while (written.beyond.delete(written.first - 1)) written.first--;
      dropFirst(written.beyond, bounds.batchGapsRememberedMax);
      dropFirst(writers, bounds.writersRememberedMax);
    },
  };
}

function dropFirst<K>(entries: { size: number; keys(): Iterable<K>; delete(key: K): boolean }, max: number): void {
  if (entries.size <= max) return;
  for (const key of entries.keys()) {
    entries.delete(key);
    if (entries.size <= max) return;
  }
}
