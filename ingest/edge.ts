/** What both entrances of the write side (Express and the raw points handler) share: the log, the state, and every limit's memory. */
import type { EventLog } from '../events/event-log.js';
import type { PositionBoard } from '../events/position-board.js';
import { emptyPosition, formatPosition } from '../events/position.js';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { Logger } from '../runtime/logger.js';
import type { Replica } from '../state/replica.js';
import type { Authenticate } from './auth.js';
import { createBacklog, type Backlog } from './backlog.js';
import type { DeadLetters } from './dead-letter-routes.js';
import { createHeartbeats, type Heartbeats } from './heartbeats.js';
import { createInFlight, type InFlight } from './in-flight.js';
import { createMetricKeys, type KnownKeys, type MetricKeys } from './metric-keys.js';
import { createRateLimits, type RateLimits } from './rate-limits.js';
import { createRecentBatches, type RecentBatches } from './recent-batches.js';

/** The limits of runtime/limits.ts, by name; a test gives its own for the one it is about. */
export type Bounds = Readonly<Record<keyof typeof limits, number>>;

export interface IngestDeps {
  readonly replica: Replica;
  readonly log: EventLog;
  readonly board: PositionBoard;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly authenticate: Authenticate;
  /** The metric keys of a run as the tables have them, for the bound on keys after a restart. */
  readonly knownKeys?: KnownKeys;
  readonly bounds?: Partial<Bounds>;
  /** The dead letters as the tables have them; without it there are none to retry. */
  readonly deadLetters?: DeadLetters;
  /** Told of every batch that was acknowledged, repeats too. */
  readonly onPoints?: (points: number) => void;
}

export interface Edge extends Omit<IngestDeps, 'bounds' | 'knownKeys'> {
  readonly bounds: Bounds;
  readonly rateLimits: RateLimits;
  readonly inFlight: InFlight;
  readonly backlog: Backlog;
  readonly metricKeys: MetricKeys;
  readonly recentBatches: RecentBatches;
  readonly heartbeats: Heartbeats;
}

export function createEdge({ bounds: given, knownKeys, ...deps }: IngestDeps): Edge {
  const bounds: Bounds = { ...limits, ...given };
  const shares = { runShare: bounds.backlogRunShareMax, workspaceShare: bounds.backlogWorkspaceShareMax };
  return {
    ...deps,
    bounds,
    rateLimits: createRateLimits(bounds),
    inFlight: createInFlight({ ...shares, bytesMax: bounds.inFlightBytesMax }),
    backlog: createBacklog(deps.log, deps.board, { ...shares, bytesMax: bounds.backlogBytesMax }),
    metricKeys: createMetricKeys(bounds, knownKeys),
    recentBatches: createRecentBatches(bounds),
    heartbeats: createHeartbeats(deps.clock, bounds),
  };
}

/** The position of a write in its text form: what was folded here, and the chunk's place when there is one. */
export function positionText(edge: Edge, chunk?: { readonly partition: number; readonly offset: number }): string {
  const metrics = chunk === undefined ? [] : Array.from({ length: chunk.partition + 1 }, () => -1);
  if (chunk !== undefined) metrics[chunk.partition] = chunk.offset;
  return formatPosition({ ...emptyPosition(edge.log.epoch), control: edge.replica.folded(), metrics });
}
