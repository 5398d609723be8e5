/** How far a rebuild is: what the admin API and the command line show of it. */
import type { EventLogReader } from '../events/event-log.js';
import { emptyPosition, type Position } from '../events/position.js';
import type { Clock } from '../runtime/clock.js';
import { bytesBeyond, headsOf } from './tables-host.js';

export type RebuildPhase = 'none' | 'preparing' | 'filling' | 'switching' | 'dropping' | 'done' | 'failed';

export interface RebuildStatus {
  readonly phase: RebuildPhase;
  /** Of the tables that are being filled. */
  readonly generation: number;
  /** ms since the epoch; null before there was one. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Highest offsets in the new tables, and on the log. */
  readonly reached: { readonly control: number; readonly metrics: readonly number[] };
  readonly head: { readonly control: number; readonly metrics: readonly number[] };
  /** Bytes of the log that are in the new tables, and of all of it. */
  readonly bytes: number;
  readonly totalBytes: number;
  /** Points in the new tables. */
  readonly points: number;
  readonly pointsPerSecond: number;
  /** null while there is nothing to tell it from. */
  readonly secondsLeft: number | null;
  /** Why it waits. */
  readonly waiting: string | null;
  /** Why it was given up; the tables are as they were. */
  readonly error: string | null;
}

export interface RebuildProgress {
  begin(generation: number): void;
  enter(phase: RebuildPhase): void;
  reached(position: Position, waiting: string | undefined): void;
  points(points: number): void;
  end(error?: string): void;
  status(): RebuildStatus;
}

export function createRebuildProgress(log: EventLogReader, clock: Clock): RebuildProgress {
  let phase: RebuildPhase = 'none';
  let generation = 0;
  let startedAt: number | null = null;
  let endedAt: number | null = null;
  let since = 0;
  let lasted = 0;
  let reached = emptyPosition(log.epoch);
  let points = 0;
  let waiting: string | null = null;
  let error: string | null = null;

  return {
    begin(next) {
      [phase, generation, startedAt, endedAt] = ['preparing', next, clock.now(), null];
      [since, lasted, points] = [clock.monotonic(), 0, 0];
      [reached, waiting, error] = [emptyPosition(log.epoch), null, null];
    },
    enter(next) {
      phase = next;
    },
    reached(position, because) {
      reached = position;
      waiting = because ?? null;
    },
    points(counted) {
      points = counted;
    },
    end(because) {
      phase = because === undefined ? 'done' : 'failed';
      error = because ?? null;
      endedAt = clock.now();
      lasted = clock.monotonic() - since;
    },
    status() {
      const totalBytes = phase === 'none' ? 0 : bytesBeyond(log, emptyPosition(log.epoch));
      const left = phase === 'none' ? 0 : bytesBeyond(log, reached);
      const bytes = totalBytes - left;
      const seconds = (endedAt === null ? clock.monotonic() - since : lasted) / 1000;
      const pointsPerSecond = phase === 'none' || seconds <= 0 ? 0 : Math.round(points / seconds);
      const { control, metrics } = headsOf(log);
      return {
        phase,
        generation,
        startedAt,
        endedAt,
        reached: { control: reached.control, metrics: reached.metrics },
        head: { control, metrics },
        bytes,
        totalBytes,
        points,
        pointsPerSecond,
        secondsLeft: endedAt !== null || bytes <= 0 ? null : Math.ceil((left * seconds) / bytes),
        waiting,
        error,
      };
    },
  };
}
