/** The fold: what one control event means given the state before it. Pure: the same log gives the same verdicts on every instance. */
import type { ControlEvent } from '../events/control-event.js';
import { deadLetterHandlers } from './dead-letters.js';
import { experimentHandlers } from './experiments.js';
import type { Change, Handler, Handlers, Judged } from './judged.js';
import { keyHandlers } from './keys.js';
import type { FirstVerdict, FoldReader } from './reader.js';
import { runHandlers } from './runs.js';
import { tablesHandlers } from './tables-generation.js';
import type { Fact, Verdict } from './types.js';

/**
 * A command is answered with its first verdict while that is one of the last so many offsets. A rule of the fold, not a
 * setting: an instance with another number would judge the same log differently.
 */
export const VERDICTS_REMEMBERED = 1_000_000;

export interface Folded {
  readonly verdict: Verdict;
  /** In order; EventJudged is last. */
  readonly facts: readonly Fact[];
  readonly changes: readonly Change[];
}

const handlers: Handlers = {
  ...experimentHandlers,
  ...runHandlers,
  ...keyHandlers,
  ...tablesHandlers,
  ...deadLetterHandlers,
};

/** What the event means by itself, whatever was remembered of its command id. */
export function judge(state: FoldReader, event: ControlEvent): Judged {
  // the table is keyed by the type of the event, which TypeScript cannot follow through a union
  const handler = handlers[event.type] as Handler<ControlEvent['type']>;
  return handler(state, event);
}

export function fold(state: FoldReader, event: ControlEvent, offset: number): Folded {
  const first = state.verdict(event.commandId);
  if (first !== undefined && isRemembered(first, offset)) {
    const verdict = repeated(first.verdict);
    return { verdict, facts: [{ type: 'EventJudged', event, verdict }], changes: [] };
  }
  const { verdict, facts, changes } = judge(state, event);
  return {
    verdict,
    facts: [...facts, { type: 'EventJudged', event, verdict }],
    changes: [...changes, { type: 'verdict', commandId: event.commandId, first: { offset, verdict } }],
  };
}

/** The smallest offset whose verdict an event at `offset` can still be answered with. */
export const oldestRemembered = (offset: number): number => offset - VERDICTS_REMEMBERED;

const isRemembered = (first: FirstVerdict, offset: number): boolean => first.offset >= oldestRemembered(offset);

/** The answer to a repeat: the first verdict, which now changes nothing. */
export const repeated = (verdict: Verdict): Verdict => (verdict.accepted ? { ...verdict, changed: false } : verdict);
