/** The fold of a projector that does not have the control partition: it has to know runs all the same, and may get the partition next. */
import { CONTROL } from '../events/event-log.js';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { StateStore } from '../state/store.js';
import type { Fact } from '../state/types.js';
import { readEvents } from './control-source.js';
import type { ProjectorLog } from './slice-ledger.js';

export interface ControlFollowerDeps {
  readonly log: ProjectorLog;
  readonly store: StateStore;
  /** Under which name the owner commits. */
  readonly group: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onFact: (fact: Fact) => void;
  /** Everything up to this offset is folded. */
  readonly onFolded: (offset: number) => void;
}

/** Runs until the signal aborts. Facts are kept until the owner has committed them: whoever owns the partition next projects the rest. */
export async function followControl(deps: ControlFollowerDeps): Promise<void> {
  const { log, store, group, clock, signal, onFact, onFolded } = deps;
  onFolded(store.folded());
  let droppedAt = clock.monotonic();
  while (!signal.aborted) {
    const next = store.folded() + 1;
    const records = next < log.head(CONTROL) ? await log.read(CONTROL, next, limits.logReadBytesMax) : [];
    for (let from = 0; from < records.length && !signal.aborted; from += limits.controlSliceEventsMax) {
      const { entries } = readEvents(records.slice(from, from + limits.controlSliceEventsMax));
      for (const { facts } of await store.apply(entries, true)) facts.forEach(onFact);
      onFolded(store.folded());
    }
    if (clock.monotonic() - droppedAt > limits.factsDroppedEveryMs) {
      const committed = await log.committed(group, CONTROL);
      if (committed !== undefined) await store.dropFactsThrough(Math.min(committed.offset - 1, store.folded()));
      droppedAt = clock.monotonic();
    }
    if (records.length === 0) await log.waitPast(CONTROL, next, signal);
  }
}
