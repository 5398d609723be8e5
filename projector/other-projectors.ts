/** What a projector can tell of the partitions that others project: from their commits and from the tables. */
import { CONTROL, type PartitionRef } from '../events/event-log.js';
import type { Clock } from '../runtime/clock.js';
import type { Liveness } from './liveness.js';
import type { Progress } from './progress.js';
import type { ProjectionTables } from './projection-tables.js';
import { PROJECTOR_GROUP, type ProjectorLog } from './slice-ledger.js';

/** Where the owner of the control partition goes on. */
export async function nextOfOwner(tables: ProjectionTables, epoch: string): Promise<number> {
  const done = await tables.lastDone(CONTROL);
  return done === undefined || done.epoch !== epoch ? 0 : done.last + 1;
}

export interface LookAtOthers {
  readonly log: ProjectorLog;
  readonly clock: Clock;
  readonly group: string | undefined;
  readonly tables: ProjectionTables;
  /** Metrics partitions. */
  readonly others: readonly PartitionRef[];
  readonly progress: Progress;
  readonly liveness: Liveness;
}

/** Brings what is known of runs' being heard up to date; where another is behind, silence cannot be told until it is level. */
export async function lookAtOthers(look: LookAtOthers): Promise<void> {
  const { log, clock, group = PROJECTOR_GROUP, tables, others, progress, liveness } = look;
  for (const at of others) {
    const askedAt = clock.now();
    const head = log.head(at);
    const committed = await log.committed(group, at);
    if (head === 0 || (committed !== undefined && committed.offset >= head)) {
      progress.otherWasLevel(at.partition, askedAt);
    }
  }
  liveness.seen(await tables.lastSeen());
}
