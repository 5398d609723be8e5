/** The projector: log in, tables out. One pipeline per partition, the only writer of the tables. */
import type { ControlEvent } from '../events/control-event.js';
import { partitionOf } from '../events/event-log.js';
import type { Position } from '../events/position.js';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { Logger } from '../runtime/logger.js';
import { letterName } from '../state/dead-letters.js';
import type { StateStore } from '../state/store.js';
import { blockRows } from '../clickhouse/native.js';
import { catchUpStore, CONTROL, createControlSource } from './control-source.js';
import { DeadLetterBudget } from './dead-letters.js';
import { KnownRuns } from './known-runs.js';
import { Liveness } from './liveness.js';
import { createMetricsSource } from './metrics-source.js';
import { patientTables, type PatientTables } from './patient-tables.js';
import { Pipeline } from './pipeline.js';
import { PointBufferPool } from './point-buffers.js';
import type { ProjectionTables } from './projection-tables.js';
import { SeenBatches } from './seen-batches.js';
import { SliceLedger, type ProjectorLog, type Resumption } from './slice-ledger.js';
import { Progress } from './progress.js';
import { WaitingSince } from './waiting-since.js';
import { ProjectionStopped, type SliceWork } from './slice.js';
import { Slots } from './slots.js';
import { RunningTally, type Tally } from './tally.js';

export interface ProjectorDeps {
  readonly log: ProjectorLog;
  /** Its own: no other part folds into it. */
  readonly store: StateStore;
  readonly tables: ProjectionTables;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Everything up to here is in the tables; called after each slice. */
  readonly publish: (position: Position) => void;
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
  /** Why it waits: the tables do not answer. */
  readonly away?: string;
  /** Why it does not go on; nothing but a person or a new start changes that. */
  readonly stoppedBecause?: string;
}

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

export function createProjector(deps: ProjectorDeps): Projector {
  return new PartitionedProjector(deps);
}

class PartitionedProjector implements Projector {
  readonly ended: Promise<unknown>;
  private readonly end: (cause?: unknown) => void;
  private readonly stopping = new AbortController();
  private readonly tables: PatientTables;
  private readonly progress: Progress;
  private readonly partitions: number;
  private readonly runs: KnownRuns;
  private readonly tally = new RunningTally();
  private budget = new DeadLetterBudget(0);
  private liveness: Liveness | undefined;
  private running: Promise<unknown> = Promise.resolve();
  private stoppedBecause: string | undefined;

  constructor(private readonly deps: ProjectorDeps) {
    let end: (cause?: unknown) => void = () => undefined;
    this.ended = new Promise((resolve) => (end = resolve));
    this.end = end;
    this.tables = patientTables(deps.tables, deps.clock, deps.logger, this.stopping.signal, (table, block) => {
      const bytes = block.reduce((sum, piece) => sum + piece.byteLength, 0);
      this.tally.add({ inserted: { [table]: { rows: blockRows(block), bytes } } });
    });
    this.partitions = deps.log.partitions('metrics');
    this.runs = new KnownRuns(deps.store);
    this.progress = new Progress(deps.log, deps.publish);
  }

  async start(): Promise<void> {
    const { log, store, clock, group } = this.deps;
    const { tables } = this;
    try {
      const listeningSince = clock.now();
      const letters = await tables.deadLetters();
      const controlLedger = new SliceLedger(log, tables, CONTROL, clock, group);
      const control = await controlLedger.open();
      await catchUpStore(store, log, control.next);
      this.budget = new DeadLetterBudget(letters, store.retries().map(letterName), this.deps.deadLettersMax);
      const metrics = [];
      for (let partition = 0; partition < this.partitions; partition++) {
        const ledger = new SliceLedger(log, tables, { topic: 'metrics', partition }, clock, group);
        const resumption = await ledger.open();
        const seen = new SeenBatches(store.table('batches'), partition);
        await seen.resume(tables, resumption.next);
        metrics.push({ partition, ledger, resumption, seen });
      }
      this.watchRuns(await tables.lastSeen(), listeningSince);
      this.progress.resume(
        control.next - 1,
        metrics.map(({ resumption }) => resumption.next - 1),
      );
      const slots = new Slots(limits.slicesInFlightMax);
      const pool = new PointBufferPool();
      const pipelines = [
        this.controlPipeline(controlLedger, control),
        ...metrics.map((partition) => this.metricsPipeline({ ...partition, slots, pool })),
      ];
      this.running = Promise.all([...pipelines.map((pipeline) => pipeline.run()), this.sweepNowAndThen()]);
      void this.running.then(() => this.end());
    } catch (cause) {
      this.fail(cause);
    }
  }

  async stop(): Promise<void> {
    this.abort();
    await this.running;
    this.end();
  }

  async sweep(now: number): Promise<void> {
    await this.liveness?.sweep(now);
  }

  health(): ProjectorHealth {
    const away = this.tables.away();
    return {
      lag: this.progress.lag(),
      oldestWaiting: this.progress.oldestWaiting(this.deps.clock.now()),
      tally: this.tally.now(),
      deadLetters: this.budget.count,
      ...(away === undefined ? {} : { away }),
      ...(this.stoppedBecause === undefined ? {} : { stoppedBecause: this.stoppedBecause }),
    };
  }

  private controlPipeline(ledger: SliceLedger, resumption: Resumption): Pipeline {
    const { log, store, clock, sizes } = this.deps;
    const project = createControlSource({
      log,
      store,
      resumption,
      flight: () => pipeline,
      budget: this.budget,
      clock,
      signal: this.stopping.signal,
      size: {
        rowsMax: sizes?.eventsMax ?? limits.controlSliceEventsMax,
        bytesMax: sizes?.bytesMax ?? limits.sliceBytesMax,
      },
      onFact: (fact) => {
        if (fact.type === 'RunChanged') this.runs.changed(fact.run.uuid);
        else if (fact.type === 'LetterRetried') this.budget.forgive(letterName(fact.retry));
      },
      onFolded: (offset) => this.progress.foldedThrough(offset),
      waiting: this.progress.waiting.control,
    });
    const pipeline = new Pipeline({
      ...this.pipelineDeps(),
      at: CONTROL,
      ledger,
      project,
      onDone: (bounds) => this.progress.controlDone(bounds),
    });
    return pipeline;
  }

  private metricsPipeline(of: {
    partition: number;
    ledger: SliceLedger;
    resumption: Resumption;
    seen: SeenBatches;
    slots: Slots;
    pool: PointBufferPool;
  }): Pipeline {
    const { log, clock, sizes } = this.deps;
    const { partition } = of;
    const waiting = this.progress.waiting.metrics[partition] ?? new WaitingSince();
    const project: () => Promise<SliceWork | undefined> = createMetricsSource({
      ...of,
      log,
      flight: () => pipeline,
      runs: this.runs,
      budget: this.budget,
      clock,
      signal: this.stopping.signal,
      size: { rowsMax: sizes?.rowsMax ?? limits.sliceRowsMax, bytesMax: sizes?.bytesMax ?? limits.sliceBytesMax },
      foldAll: () => this.progress.foldAll(this.stopping.signal),
      waiting,
      count: (more) => this.tally.add(more),
      onHeard: (batches) => {
        const newest = batches.at(-1);
        if (newest !== undefined) this.progress.heard(partition, newest.receivedAt);
        const latest = new Map(batches.map(({ run, receivedAt }) => [run, receivedAt]));
        for (const [uuid, receivedAt] of latest) {
          void this.liveness?.heard(uuid, this.runs.get(uuid), receivedAt, clock.now());
        }
      },
    });
    const pipeline = new Pipeline({
      ...this.pipelineDeps(),
      at: { topic: 'metrics', partition },
      ledger: of.ledger,
      project,
      onDone: (bounds) => this.progress.metricsDone(partition, bounds),
    });
    return pipeline;
  }

  private pipelineDeps() {
    return {
      epoch: this.deps.log.epoch,
      tables: this.tables,
      clock: this.deps.clock,
      onFailure: (cause: unknown) => this.fail(cause),
    };
  }

  private watchRuns(lastSeen: ReadonlyMap<string, number>, listeningSince: number): void {
    const { appendControl, store, logger, leads = () => true } = this.deps;
    if (appendControl === undefined) return;
    const deps = {
      openRuns: () => store.openRuns(),
      heardUntil: (run: string, now: number) => this.progress.heardUntil(partitionOf(run, this.partitions), now),
      append: appendControl,
      leads,
      logger,
      listeningSince,
    };
    this.liveness = new Liveness(deps, lastSeen);
  }

  private async sweepNowAndThen(): Promise<void> {
    const { signal } = this.stopping;
    const { clock } = this.deps;
    while (!signal.aborted) {
      await clock.sleep(limits.sweepIntervalMs, signal);
      if (!signal.aborted) await this.sweep(clock.now());
    }
  }

  private abort(): void {
    this.stopping.abort();
    this.progress.wakeFoldWaiters();
  }

  private fail(cause: unknown): void {
    if (this.stopping.signal.aborted) return;
    const detail = cause instanceof ProjectionStopped ? cause.because : String(cause);
    this.stoppedBecause = detail;
    this.deps.logger.error(
      { detail, stack: cause instanceof Error ? cause.stack : undefined },
      'projecting has stopped',
    );
    this.abort();
    this.end(cause);
  }
}
