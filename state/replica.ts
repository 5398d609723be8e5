/** One instance's copy of the state: follows the control log, folds it in batches, and answers commands with the fold's verdict. */
import {
  decodeControlEvent,
  encodeControlEvent,
  parseControlEvent,
  type ControlEvent,
} from '../events/control-event.js';
import { CONTROL, AppendError, type EventLog, type LogRecord } from '../events/event-log.js';
import type { Position } from '../events/position.js';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { silentLogger, type Logger } from '../runtime/logger.js';
import { Problem } from '../runtime/problem.js';
import { err, ok, type Result } from '../runtime/result.js';
import { createFoldWaiters } from './fold-waiters.js';
import { repeated } from './fold.js';
import type { StateReader } from './reader.js';
import type { BatchEntry, StateStore } from './store.js';
import type { OffsetFacts, Verdict } from './types.js';

export interface ReplicaOptions {
  readonly log: EventLog;
  readonly store: StateStore;
  readonly clock: Clock;
  readonly logger?: Logger;
}

export interface Submitted {
  /** Where this submission stands; a repeat has an offset of its own. */
  readonly offset: number;
  readonly verdict: Verdict;
  readonly position: Position;
}

export interface Replica {
  readonly state: StateReader;
  /** The last folded control offset, -1 for none. */
  folded(): number;
  /** Not ok, with a sentence, while it cannot fold: for good when it met a version that it does not know. */
  healthy(): Result<void, string>;
  /** Records met since the start that are no control events; they are passed over. */
  malformed(): number;
  /** Resolves when everything is folded that was on the log at the call (or folding has stopped); then keeps following. */
  start(): Promise<void>;
  /**
   * Appends and waits for the verdict of this instance's own fold; once it resolves, `state` shows what the command did.
   * Throws Problem `unavailable` (the command may be on the log: a repeat with its id gets the first verdict).
   */
  submit(event: ControlEvent): Promise<Submitted>;
  /** Calls back after every batch; returns the way to stop. */
  onFold(listener: (folded: number, facts: readonly OffsetFacts[]) => void): () => void;
  /** Leaves the store and the log open: they are their makers' to close. */
  stop(): Promise<void>;
}

export function createReplica({ log, store, clock, logger = silentLogger }: ReplicaOptions): Replica {
  const listeners = new Set<(folded: number, facts: readonly OffsetFacts[]) => void>();
  const waiters = createFoldWaiters(clock);
  const stopping = new AbortController();
  let following = Promise.resolve();
  let malformed = 0;
  /** Why folding ended for good. */
  let ended: string | undefined;
  /** Why the last try to fold failed; it is tried again. */
  let trouble: string | undefined;

  const end = (sentence: string) => {
    ended = sentence;
    logger.error({ folded: store.folded() }, sentence);
    waiters.fail(sentence);
  };

  /** Folds what is on the log from the next offset on; false when there is nothing. */
  async function foldNext(): Promise<boolean> {
    const next = store.folded() + 1;
    const start = log.start(CONTROL);
    if (next < start) {
      end(`The control log begins at offset ${String(start)}, and the state is folded only below ${String(next)}.`);
      return false;
    }
    const records = await log.read(CONTROL, next, limits.logReadBytesMax);
    for (let from = 0; from < records.length && ended === undefined; from += limits.foldBatchEventsMax) {
      await foldRecords(records.slice(from, from + limits.foldBatchEventsMax));
    }
    return records.length > 0;
  }

  async function foldRecords(records: readonly LogRecord[]): Promise<void> {
    const batch: BatchEntry[] = [];
    let unknown: string | undefined;
    for (const { offset, value } of records) {
      const decoded = decodeControlEvent(value);
      if (!decoded.ok && decoded.error.unknownVersion) {
        unknown =
          `The event at control offset ${String(offset)} is of a type or version that this build does not know ` +
          `(${decoded.error.field} ${decoded.error.detail}): folding has stopped, and a newer build is needed.`;
        break;
      }
      if (!decoded.ok) {
        const { field, detail } = decoded.error;
        logger.error({ offset, field, detail }, 'a control record that is no event is passed over');
      }
      batch.push({ offset, event: decoded.ok ? decoded.value : undefined });
    }
    if (batch.length > 0) {
      const facts = await store.apply(batch, false);
      malformed += batch.length - facts.length;
      for (const listener of [...listeners]) listener(store.folded(), facts);
      waiters.reached(store.folded());
    }
    if (unknown !== undefined) end(unknown);
  }

  async function follow(): Promise<void> {
    while (!stopping.signal.aborted && ended === undefined) {
      try {
        if (!(await foldNext())) await log.waitPast(CONTROL, store.folded() + 1, stopping.signal);
        trouble = undefined;
      } catch (error) {
        trouble = `The control log cannot be folded: ${error instanceof Error ? error.message : String(error)}.`;
        logger.error({ error, folded: store.folded() }, trouble);
        await clock.sleep(limits.foldRetryMs, stopping.signal);
      }
    }
  }

  function requireFolding(): void {
    const because = ended ?? trouble;
    if (because !== undefined) throw new Problem('unavailable', because);
  }

  async function append(event: ControlEvent): Promise<number> {
    // the log is for ever: an event that the fold could not read back must not get onto it
    const checked = parseControlEvent(event);
    if (!checked.ok) throw new Problem('invalid_request', checked.error.detail, { field: checked.error.field });
    const value = encodeControlEvent(checked.value);
    if (value.byteLength > limits.logRecordBytesMax) {
      const detail = `The command is larger than ${String(limits.logRecordBytesMax)} bytes.`;
      throw new Problem('too_large', detail);
    }
    try {
      return await log.append(CONTROL, [value]);
    } catch (error) {
      if (!(error instanceof AppendError)) throw error;
      throw new Problem('unavailable', `The event log takes no writes now: ${error.message}.`);
    }
  }

  return {
    state: store,
    folded: () => store.folded(),
    healthy() {
      const because = ended ?? trouble;
      return because === undefined ? ok(undefined) : err(because);
    },
    malformed: () => malformed,
    async start() {
      if (store.epoch() !== log.epoch) {
        await store.setEpoch(log.epoch);
      } else if (store.folded() >= log.head(CONTROL)) {
        logger.warn({ folded: store.folded(), head: log.head(CONTROL) }, 'the state is ahead of the log: folding anew');
        await store.empty();
      }
      const wanted = log.head(CONTROL) - 1;
      while (store.folded() < wanted && ended === undefined) await foldNext();
      following = follow();
    },
    async submit(event) {
      requireFolding();
      const offset = await append(event);
      if (store.folded() < offset) {
        requireFolding();
        await waiters.wait(offset);
      }
      // the first verdict on this command is remembered: it is this offset's, or this was a repeat
      const first = store.verdict(event.commandId);
      if (first === undefined) throw new Error(`no verdict is remembered on the command at offset ${String(offset)}`);
      const verdict = first.offset === offset ? first.verdict : repeated(first.verdict);
      return { offset, verdict, position: { epoch: log.epoch, control: offset, metrics: [] } };
    },
    onFold(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async stop() {
      stopping.abort();
      await following;
      ended ??= 'This instance is shutting down.';
      waiters.fail(ended);
    },
  };
}
