/** What a projector is given, what it does and what it tells of itself. */
import type { ControlEvent } from '../events/control-event.js';
import type { PartitionRef } from '../events/event-log.js';
import type { Position } from '../events/position.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import type { StateStore } from '../state/store.js';
import type { ProjectionTables } from './projection-tables.js';
import type { ProjectorLog } from './slice-ledger.js';
import type { Tally } from './tally.js';

export interface ProjectorDeps {
  readonly log: ProjectorLog;
  /** Its own: no other part folds into it. */
  readonly store: StateStore;
  readonly tables: ProjectionTables;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Everything up to here is in the tables; called after each slice. */
  readonly publish: (position: Position) => void;
  /** What is projected here; left out: everything. Another projector has the rest. */
  readonly assigned?: readonly PartitionRef[];
  /** Under which name it commits on the log, when it is not the one projector. */
  readonly group?: string | undefined;
  /** False while another one projects the same log and says what is to be said on it. */
  readonly leads?: () => boolean;
  /** Appends to the control partition; without it, silence of runs is not recorded. */
  readonly appendControl?: (event: ControlEvent) => Promise<void>;
  /** Bounds of slices, for tests. */
  readonly sizes?: { readonly rowsMax: number; readonly bytesMax: number; readonly eventsMax: number };
  readonly deadLettersMax?: number;
}

export interface ProjectorHealth {
  /** Records that are on the log and not in the tables. */
  readonly lag: { readonly control: number; readonly metrics: readonly number[] };
  /** When the oldest such record came, ms since the epoch; null where there is none. */
  readonly oldestWaiting: { readonly control: number | null; readonly metrics: readonly (number | null)[] };
  readonly deadLetters: number;
  readonly tally: Tally;
  /** Why it waits. */
  readonly away?: string;
  /** Why it does not go on; nothing but a person or a new start changes that. */
  readonly stoppedBecause?: string;
}

/** Of a projector that has no partitions, or has not said anything yet. */
export const nothingToTell: Omit<ProjectorHealth, 'tally'> = {
  lag: { control: 0, metrics: [] },
  oldestWaiting: { control: null, metrics: [] },
  deadLetters: 0,
};

export interface Projector {
  /** Finds out where the tables are and goes on from there; resolves when it is going, or has stopped and says why in `health`. */
  start(): Promise<void>;
  /** Lets what is in flight land. */
  stop(): Promise<void>;
  /** Looks for runs that fell silent; called every `sweepIntervalMs` by itself. */
  sweep(now: number): Promise<void>;
  health(): ProjectorHealth;
  /** Resolves when it has stopped, with the error if there was one. */
  readonly ended: Promise<unknown>;
}
