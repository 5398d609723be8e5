/** What the fold would say to a command now, so that a hopeless one need not be appended. The log has the last word. */
import type { ControlEvent } from '../events/control-event.js';
import { judge, repeated } from './fold.js';
import type { FoldReader } from './reader.js';
import type { Verdict } from './types.js';

export function decide(state: FoldReader, event: ControlEvent): Verdict {
  const first = state.verdict(event.commandId);
  return first === undefined ? judge(state, event).verdict : repeated(first.verdict);
}
