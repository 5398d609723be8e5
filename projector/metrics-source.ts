/** Where slices of a metrics partition come from: recorded ones first, then what arrives, read, checked, cleared of repeats. */
import { decodeEnvelope } from '../events/envelope.js';
import type { LogRecord } from '../events/event-log.js';
import { peekRows } from '../events/peek-rows.js';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { Batch } from './batch.js';
import { Cutter } from './cutter.js';
import { deadLetterInserts, type DeadLetterBudget } from './dead-letters.js';
import type { Flight } from './cutter.js';
import { Intake, type SliceSize } from './intake.js';
import type { KnownRuns } from './known-runs.js';
import { metricsInserts } from './metrics-slice.js';
import type { PointBufferPool } from './point-buffers.js';
import { readBatches } from './read-batches.js';
import type { SeenBatches } from './seen-batches.js';
import type { ProjectorLog, Resumption } from './slice-ledger.js';
import type { Bounds, SliceWork } from './slice.js';
import type { Slots } from './slots.js';
import type { Tally } from './tally.js';
import type { WaitingSince } from './waiting-since.js';

export interface MetricsSourceDeps {
  readonly log: ProjectorLog;
  readonly partition: number;
  readonly resumption: Resumption;
  readonly flight: () => Flight;
  readonly runs: KnownRuns;
  readonly seen: SeenBatches;
  readonly budget: DeadLetterBudget;
  readonly slots: Slots;
  readonly pool: PointBufferPool;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly size: SliceSize;
  readonly foldAll: () => Promise<void>;
  readonly waiting: WaitingSince;
  readonly count: (more: Partial<Tally>) => void;
  /** Called with all batches of a slice that is wholly in the tables. */
  readonly onHeard: (batches: readonly Batch[]) => void;
}

export function createMetricsSource(deps: MetricsSourceDeps): () => Promise<SliceWork | undefined> {
  const at = { topic: 'metrics', partition: deps.partition } as const;
  const intake = new Intake(
    deps.log,
    at,
    // a record without points takes room, too
    (value) => Math.max(1, peekRows(value)),
    deps.size,
    deps.resumption.next,
  );
  deps.waiting.watch(() => receivedAt(intake.first));
  const recorded = [...deps.resumption.recorded];
  let cutter: Cutter | undefined;
  const cut = (): Promise<Bounds | undefined> => {
    const times = { idleMs: limits.flushIdleMs, loadedMs: limits.flushLoadedMs };
    cutter ??= new Cutter(intake, deps.flight(), times, deps.clock, deps.signal);
    return cutter.next();
  };

  return async () => {
    const replay = recorded.shift();
    if (replay === undefined && (await cut()) === undefined) return undefined;
    await deps.slots.take();
    // what came while this waited for its turn goes along
    if (replay === undefined) await intake.fill();
    if (deps.signal.aborted) {
      deps.slots.give();
      return undefined;
    }
    const bounds = replay ?? intake.bounds();
    const records = await intake.take(bounds);
    deps.waiting.took(bounds.last, receivedAt(records[0]));
    const { batches, letters } = await readBatches(records, deps.runs, deps.foldAll);
    // the fold is not waited for any more: a run may be unknown only because of that
    if (deps.signal.aborted && letters.length > 0) {
      deps.slots.give();
      return undefined;
    }
    // that letters were retried may stand on the control log and not be folded yet
    if (deps.budget.isExceededBy(letters)) await deps.foldAll();
    deps.budget.spend(at, letters);
    const points = batches.filter(({ chunk }) => chunk.kind === 'points');
    const accepted = deps.seen.take(bounds, points);
    const rows = accepted.reduce((sum, { chunk }) => sum + chunk.rows, 0);
    const buffers = deps.pool.take(rows);
    const blocks = metricsInserts({ partition: deps.partition, accepted, heard: batches }, buffers);
    return {
      bounds,
      inserts: chained(blocks, deadLetterInserts(at, letters, deps.clock.now())),
      async settled() {
        deps.pool.give(buffers);
        deps.slots.give();
        deps.waiting.landed(bounds.last);
        deps.count({ points: rows, batches: accepted.length, duplicates: points.length - accepted.length });
        await deps.seen.settle(bounds);
        deps.onHeard(batches);
        if (deps.flight().slices === 1 && intake.isEmpty) deps.pool.relax();
      },
    };
  };
}

function receivedAt(record: LogRecord | undefined): number | undefined {
  const envelope = record === undefined ? undefined : decodeEnvelope(record.value);
  return envelope?.ok === true ? envelope.value.receivedAt : undefined;
}

function* chained<T>(...parts: readonly Iterable<T>[]): Generator<T, void, undefined> {
  for (const part of parts) yield* part;
}
