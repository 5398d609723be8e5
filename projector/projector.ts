/** The projector: log in, tables out. One pipeline per partition, the only writer of the tables. */
import { CONTROL, metricsPartitionsOf, partitionOf, partitionsOf, type PartitionRef } from '../events/event-log.js';
import { limits } from '../runtime/limits.js';
import { letterName } from '../state/dead-letters.js';
import type { Fact } from '../state/types.js';
import { blockRows } from '../clickhouse/native.js';
import { followControl } from './control-follower.js';
import { catchUpStore, createControlSource } from './control-source.js';
import { DeadLetterBudget } from './dead-letters.js';
import { KnownRuns } from './known-runs.js';
import { Liveness } from './liveness.js';
import { createMetricsSource } from './metrics-source.js';
import type { Projector, ProjectorDeps, ProjectorHealth } from './port.js';
import { patientTables, type PatientTables } from './patient-tables.js';
import { Pipeline } from './pipeline.js';
import { lookAtOthers, nextOfOwner } from './other-projectors.js';
import { PointBufferPool } from './point-buffers.js';
import { SeenBatches } from './seen-batches.js';
import { PROJECTOR_GROUP, SliceLedger, type Resumption } from './slice-ledger.js';
import { Progress } from './progress.js';
import { WaitingSince } from './waiting-since.js';
import { ProjectionStopped, type SliceWork } from './slice.js';
import { Slots } from './slots.js';
import { RunningTally } from './tally.js';

const nameOf = ({ topic, partition }: PartitionRef) => `${topic}/${String(partition)}`;

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
  private readonly isMine: (at: PartitionRef) => boolean;
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
    const assigned = deps.assigned ?? partitionsOf(deps.log);
    const mine = new Set(assigned.map(nameOf));
    this.isMine = (at) => mine.has(nameOf(at));
    this.progress = new Progress(deps.log, deps.publish, this.isMine);
  }

  async start(): Promise<void> {
    const { log, store, clock, group } = this.deps;
    const { tables } = this;
    try {
      const listeningSince = clock.now();
      const letters = await tables.deadLetters();
      const controlLedger = this.isMine(CONTROL) ? new SliceLedger(log, tables, CONTROL, clock, group) : undefined;
      const control = await controlLedger?.open();
      await catchUpStore(store, log, control?.next ?? (await nextOfOwner(tables, log.epoch)));
      this.budget = new DeadLetterBudget(letters, store.retries().map(letterName), this.deps.deadLettersMax);
      const metrics = [];
      for (const at of metricsPartitionsOf(this.deps.log).filter(this.isMine)) {
        const { partition } = at;
        const ledger = new SliceLedger(log, tables, at, clock, group);
        const resumption = await ledger.open();
        const seen = new SeenBatches(store.table('batches'), partition);
        await seen.resume(tables, resumption.next);
        metrics.push({ partition, ledger, resumption, seen });
      }
      if (control !== undefined) this.watchRuns(await tables.lastSeen(), listeningSince);
      this.progress.resume(
        control === undefined ? store.folded() : control.next - 1,
        control === undefined ? undefined : control.next - 1,
        metrics.map(({ partition, resumption }) => ({ partition, last: resumption.next - 1 })),
      );
      const slots = new Slots(limits.slicesInFlightMax);
      const pool = new PointBufferPool();
      const folding =
        controlLedger === undefined || control === undefined
          ? this.followControl()
          : this.controlPipeline(controlLedger, control).run();
      const pipelines = metrics.map((partition) => this.metricsPipeline({ ...partition, slots, pool }));
      this.running = Promise.all([folding, ...pipelines.map((pipeline) => pipeline.run()), this.sweepNowAndThen()]);
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
    if (this.liveness === undefined) return;
    const others = metricsPartitionsOf(this.deps.log).filter((at) => !this.isMine(at));
    if (others.length > 0) {
      const { log, clock, group } = this.deps;
      await lookAtOthers({
        ...{ log, clock, group, others },
        tables: this.tables,
        liveness: this.liveness,
        progress: this.progress,
      });
    }
    await this.liveness.sweep(now);
  }

  private async followControl(): Promise<void> {
    const { log, store, clock, group = PROJECTOR_GROUP } = this.deps;
    try {
      await followControl({
        ...{ log, store, group, clock, signal: this.stopping.signal },
        onFact: (fact) => this.learn(fact),
        onFolded: (offset) => this.progress.foldedThrough(offset),
      });
    } catch (cause) {
      this.fail(cause);
    }
  }

  private learn(fact: Fact): void {
    if (fact.type === 'RunChanged') this.runs.changed(fact.run.uuid);
    else if (fact.type === 'LetterRetried') this.budget.forgive(letterName(fact.retry));
  }

  health(): ProjectorHealth {
    const away = this.tables.away();
    return {
      lag: this.progress.lag(),
      oldestWaiting: this.progress.oldestWaiting(this.deps.clock.now()),
      tally: this.tally.now(),
      deadLetters: this.budget.count,
      ...(away === undefined ? {} : { away: `the tables do not answer: ${away}` }),
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
      onFact: (fact) => this.learn(fact),
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
