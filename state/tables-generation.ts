/** The fold's rule about generations of the tables: readers are switched to a later one only. */
import type { EventOf } from '../events/control-event.js';
import { refused, unchanged, type Judged } from './judged.js';
import type { FoldReader } from './reader.js';

export const tablesHandlers = {
  TablesSwitched(state: FoldReader, { generation }: EventOf<'TablesSwitched'>): Judged {
    const current = state.tablesGeneration();
    if (generation === current) return unchanged(String(generation));
    if (generation < current) {
      const detail = `Readers see generation ${String(current)} of the tables already, which is later than ${String(generation)}.`;
      return refused('generation_passed', 'generation', detail);
    }
    return {
      verdict: { accepted: true, changed: true, subject: String(generation) },
      facts: [{ type: 'TablesSwitched', generation }],
      changes: [{ type: 'generation', generation }],
    };
  },
};
