/** What a handler of the fold gives back, and the few ways to say it: accepted with changes, accepted without, refused. */
import type { ControlEventType, EventOf } from '../events/control-event.js';
import type { FirstVerdict, FoldReader } from './reader.js';
import type { ExperimentRecord, Fact, KeyRecord, RefusalReason, RetryRecord, RunRecord, Verdict } from './types.js';

/** One thing that a store has to write down. */
export type Change =
  | {
      readonly type: 'experiment';
      readonly experiment: ExperimentRecord;
      readonly before: ExperimentRecord | undefined;
    }
  | { readonly type: 'run'; readonly run: RunRecord; readonly before: RunRecord | undefined }
  | { readonly type: 'param'; readonly run: string; readonly key: string; readonly value: string }
  | { readonly type: 'key'; readonly key: KeyRecord }
  | { readonly type: 'generation'; readonly generation: number }
  | { readonly type: 'retry'; readonly retry: RetryRecord }
  | { readonly type: 'verdict'; readonly commandId: string; readonly first: FirstVerdict };

export interface Judged {
  readonly verdict: Verdict;
  /** Without EventJudged, which the fold adds. */
  readonly facts: readonly Fact[];
  /** Without the verdict, which the fold adds. */
  readonly changes: readonly Change[];
}

export type Handler<T extends ControlEventType> = (state: FoldReader, event: EventOf<T>) => Judged;
export type Handlers = { readonly [T in ControlEventType]: Handler<T> };

export const refused = (reason: RefusalReason, field: string, detail: string): Judged => ({
  verdict: { accepted: false, reason, field, detail },
  facts: [],
  changes: [],
});

/** Accepted, and everything is as it was. */
export const unchanged = (subject: string): Judged => ({
  verdict: { accepted: true, changed: false, subject },
  facts: [],
  changes: [],
});

/** A name or value in the sentence of a refusal. */
export const quoted = (text: string): string => JSON.stringify(shortened(text));

const SHOWN_CHARACTERS = 200;

/** Verdicts are remembered and shown: a value of 64 KiB is named by its beginning. */
function shortened(text: string): string {
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS).toWellFormed()}…`;
}
