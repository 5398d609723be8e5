/** Where slices of the control partition come from: events are folded as they are read, and their facts become the blocks. */
import { decodeControlEvent, workspaceOf, type ControlEvent } from '../events/control-event.js';
import { CONTROL, type LogRecord } from '../events/event-log.js';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { BatchEntry, StateStore } from '../state/store.js';
import type { Fact, OffsetFacts } from '../state/types.js';
import type { Flight } from './cutter.js';
import { deadLetterInserts, type DeadLetter, type DeadLetterBudget } from './dead-letters.js';
import { Intake, type SliceSize } from './intake.js';
import { projectFacts } from './project-facts.js';
import type { ProjectorLog, Resumption } from './slice-ledger.js';
import { ProjectionStopped, type Bounds, type SliceWork } from './slice.js';
import type { WaitingSince } from './waiting-since.js';

export interface ControlSourceDeps {
  readonly log: ProjectorLog;
  readonly store: StateStore;
  readonly resumption: Resumption;
  readonly flight: () => Flight;
  readonly budget: DeadLetterBudget;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly size: SliceSize;
  readonly waiting: WaitingSince;
  /** Called with each fact when its slice is folded, or found folded by an earlier start. */
  readonly onFact: (fact: Fact) => void;
  /** Everything up to this offset is folded. */
  readonly onFolded: (offset: number) => void;
}

export function createControlSource(deps: ControlSourceDeps): () => Promise<SliceWork | undefined> {
  const { log, store, flight, signal } = deps;
  const intake = new Intake(log, CONTROL, () => 1, deps.size, deps.resumption.next);
  deps.waiting.watch(() => takenInAt(intake.first));
  const recorded = [...deps.resumption.recorded];

  /** Small facts must be seen soon, so what is there goes as soon as the slice before has landed. */
  const cut = async (): Promise<Bounds | undefined> => {
    while (!signal.aborted) {
      if (flight().slices > 0) {
        await flight().landing();
        continue;
      }
      await intake.fill();
      if (!intake.isEmpty) return intake.bounds();
      await intake.waitForRecords(signal);
    }
    return undefined;
  };

  return async () => {
    const bounds = recorded.shift() ?? (await cut());
    if (bounds === undefined || signal.aborted) return undefined;
    const records = await intake.take(bounds);
    deps.waiting.took(bounds.last, takenInAt(records[0]));
    const { entries, letters } = readEvents(records);
    const facts = await factsOf(store, entries);
    for (const { facts: ofOffset } of facts) ofOffset.forEach(deps.onFact);
    deps.onFolded(bounds.last);
    // after the facts: letters that were retried make room
    deps.budget.spend(CONTROL, letters);
    return {
      bounds,
      inserts: [...projectFacts(facts), ...deadLetterInserts(CONTROL, letters, deps.clock.now())],
      settled() {
        deps.waiting.landed(bounds.last);
        return store.dropFactsThrough(bounds.last);
      },
    };
  };
}

function takenInAt(record: LogRecord | undefined): number | undefined {
  const event = record === undefined ? undefined : decodeControlEvent(record.value);
  return event?.ok === true ? event.value.at : undefined;
}

/**
 * Folds what is in the tables already, so that the store is where the next slice begins. A store that has lost facts that are not
 * in the tables (they were dropped when another database had them) is folded anew from the beginning.
 */
export async function catchUpStore(store: StateStore, log: ProjectorLog, next: number): Promise<void> {
  // the store can be made again from the log, so where it does not fit it is
  if (store.folded() >= log.head(CONTROL)) await store.empty();
  const kept = new Set(store.pendingFacts().map(({ offset }) => offset));
  for (let offset = next; offset <= store.folded(); offset++) {
    if (!kept.has(offset) && (await isEvent(log, offset))) {
      await store.empty();
      break;
    }
  }
  if (store.folded() + 1 < log.start(CONTROL) && store.folded() + 1 < next) {
    throw new ProjectionStopped(
      `the state can only be folded from control offset ${String(store.folded() + 1)} on, the log begins at ${String(log.start(CONTROL))}`,
    );
  }
  while (store.folded() + 1 < next) {
    const records = await log.read(CONTROL, store.folded() + 1, limits.logReadBytesMax);
    if (records.length === 0) throw new Error('the log has no records below its head');
    const below = records.filter(({ offset }) => offset < next).slice(0, limits.controlSliceEventsMax);
    await store.apply(readEvents(below).entries, false);
  }
  await store.dropFactsThrough(next - 1);
}

async function isEvent(log: ProjectorLog, offset: number): Promise<boolean> {
  const [record] = await log.read(CONTROL, offset, 1);
  return record !== undefined && decodeControlEvent(record.value).ok;
}

/** Facts of all events of a slice: of those that an earlier start folded, as they were kept. */
async function factsOf(store: StateStore, entries: readonly BatchEntry[]): Promise<readonly OffsetFacts[]> {
  const first = entries[0]?.offset ?? 0;
  const last = entries.at(-1)?.offset ?? -1;
  const folded = store.folded();
  const kept = folded < first ? [] : store.pendingFacts().filter(({ offset }) => offset >= first && offset <= last);
  const fresh = entries.filter(({ offset }) => offset > folded);
  if (fresh.length > 0 && fresh[0]?.offset !== folded + 1) throw new Error('another thread has written to the store');
  return fresh.length === 0 ? kept : [...kept, ...(await store.apply(fresh, true))];
}

interface EventsRead {
  readonly entries: readonly BatchEntry[];
  readonly letters: readonly DeadLetter[];
}

/** Throws ProjectionStopped at an event of a version that is not known. */
export function readEvents(records: readonly LogRecord[]): EventsRead {
  const letters: DeadLetter[] = [];
  const entries = records.map(({ offset, value }): { offset: number; event: ControlEvent | undefined } => {
    const decoded = decodeControlEvent(value);
    if (decoded.ok) return { offset, event: decoded.value };
    const { field, detail, unknownVersion } = decoded.error;
    if (unknownVersion) {
      throw new ProjectionStopped(
        `control offset ${String(offset)} is an event of a type or version that this version does not know: start the version that wrote it`,
      );
    }
    const reason = field === '' ? detail : `${field} ${detail}`;
    letters.push({ offset, reason, workspace: workspaceOf(value) ?? '', value });
    return { offset, event: undefined };
  });
  return { entries, letters };
}
