/** The world around a simulated projector: what survives its death, and the lives it lives until all is in the tables. */
import { setImmediate } from 'node:timers/promises';
import { createMemoryLog } from '../../events/event-log.memory.js';
import type { EventLog } from '../../events/event-log.js';
import { mergePositions, emptyPosition, type Position } from '../../events/position.js';
import type { ProjectionTables } from '../../projector/projection-tables.js';
import { createProjector } from '../../projector/projector.js';
import { ProjectionStopped } from '../../projector/slice.js';
import { silentLogger } from '../../runtime/logger.js';
import { createMemoryStore } from '../../state/memory-store.js';
import type { KeyValueTable, StateStore } from '../../state/store.js';
import { createManualClock } from '../manual-clock.js';
import { readNativeBlock } from '../native-reader.js';
import { Life, type Odds } from './fate.js';
import { MemoryTables } from './memory-tables.js';
import type { Random } from './random.js';
import { RevealedLog } from './revealed-log.js';
import { appendWorkload, type Workload, type WorkloadSize } from './workload.js';

const EPOCH = 'sim';
const SIZES = { rowsMax: 30, bytesMax: 20_000, eventsMax: 4 };
/** A life that has not brought everything into the tables by then is stuck. */
const TURNS_MAX = 20_000;

type Guard = <T>(act: () => Promise<T>, odds?: { mayFail?: boolean; mayBeLate?: boolean }) => Promise<T>;

export class PipelineWorld {
  readonly log: EventLog = createMemoryLog({ epoch: EPOCH, metricsPartitions: 2 });
  readonly revealed = new RevealedLog(this.log);
  readonly tables = new MemoryTables();
  store: StateStore = createMemoryStore(EPOCH);
  published: Position = emptyPosition(EPOCH);
  /** Sentences about what must never happen and did. */
  readonly faults: string[] = [];
  private runs = 0;
  private resumed = false;
  private cause: unknown;
  private late: (() => Promise<unknown>)[] = [];
  private readonly clock = createManualClock();

  constructor(
    private readonly random: Random,
    private readonly odds: Odds,
  ) {}

  fill(size: WorkloadSize): Promise<Workload> {
    this.runs = size.runs;
    return appendWorkload(this.log, this.random, size);
  }

  loseStore(): void {
    this.store = createMemoryStore(EPOCH);
  }

  /** As many lives as it takes, none of which dies by chance. */
  async finish(): Promise<void> {
    for (let lives = 1; !(await this.live(Infinity)).finished; lives++) {
      if (lives === 10) {
        this.faults.push('it starts again and again');
        return;
      }
    }
  }

  /** One life, until everything is in the tables and committed, or until its death; gives the number of steps that it took. */
  async live(diesAt: number): Promise<{ steps: number; finished: boolean }> {
    const life = new Life(this.random, this.odds, diesAt);
    const effect: Guard = (act, odds) => life.effect(act, odds);
    const projector = createProjector({
      log: this.revealed.view(effect),
      store: guardStore(this.store, effect),
      tables: guardTables(this.tables, effect),
      clock: this.clock,
      logger: silentLogger,
      sizes: SIZES,
      publish: (position) => {
        if (life.isOver) return;
        this.resumed = true;
        this.take(position);
      },
    });
    this.resumed = false;
    this.cause = undefined;
    void projector.ended.then((cause) => (this.cause = cause));
    void projector.start();
    const finished = await this.watch(life);
    life.end();
    for (const { act, mayBeLate } of life.orphans) {
      const fate = this.random.between(0, mayBeLate ? 2 : 1);
      if (fate === 0) await act();
      if (fate === 2) this.late.push(act);
    }
    return { steps: life.steps, finished };
  }

  private async watch(life: Life): Promise<boolean> {
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      if (life.isOver) return false;
      if (this.cause !== undefined) return this.judge(this.cause);
      if (this.resumed && this.revealed.allSeen() && this.isSettled()) return true;
      if (this.random.chance(0.3)) this.revealed.reveal(this.random, this.runs);
      // what the store refuses to the dead is of no concern to the living
      if (this.random.chance(0.05))
        await this.late
          .pop()?.()
          .catch(() => undefined);
      this.clock.advance(this.random.between(1, 40));
      await setImmediate();
    }
    this.faults.push('it got stuck');
    return true;
  }

  /** An error is worth a new start, as its host would make; a stop is for people, and there is no reason for one here. */
  private judge(cause: unknown): boolean {
    if (!(cause instanceof ProjectionStopped)) return false;
    this.faults.push(`it stopped: ${cause.because}`);
    return true;
  }

  private isSettled(): boolean {
    return this.revealed.partitions().every((at) => (this.revealed.committedOffset(at) ?? 0) === this.log.head(at));
  }

  /** What is published is in the tables, and stays so. */
  private take(position: Position): void {
    const before = this.published;
    this.published = mergePositions(before, position);
    const inTables = (topic: string, partition: number) =>
      Math.max(
        -1,
        ...this.tables
          .rows('slices')
          .filter((row) => row['topic'] === topic && row['partition'] === partition && row['done'] === 1)
          .map((row) => Number(row['last_offset'])),
      );
    if (position.control > inTables('control', 0)) this.faults.push('a control position came before its rows');
    position.metrics.forEach((offset, partition) => {
      if (offset > inTables('metrics', partition)) this.faults.push('a metrics position came before its rows');
      if (offset < (before.metrics[partition] ?? -1)) this.faults.push('a position went backwards');
    });
  }
}

function guardTables(tables: MemoryTables, effect: Guard): ProjectionTables {
  return {
    insert(table, block, token) {
      const { rows } = readNativeBlock(block);
      return effect(
        async () => {
          await Promise.resolve();
          tables.apply(table, rows, token);
        },
        { mayFail: true },
      );
    },
    flushTokens: () => effect(() => tables.flushTokens(), { mayFail: true }),
    lastDone: (at) => effect(() => tables.lastDone(at), { mayFail: true }),
    recordedFrom: (at, offset) => effect(() => tables.recordedFrom(at, offset), { mayFail: true }),
    async *batches(partition, from, below) {
      const pages = await effect(
        async () => {
          const all = [];
          for await (const page of tables.batches(partition, from, below)) all.push(page);
          return all;
        },
        { mayFail: true },
      );
      yield* pages;
    },
    lastSeen: () => effect(() => tables.lastSeen(), { mayFail: true }),
    deadLetters: () => effect(() => tables.deadLetters(), { mayFail: true }),
  };
}

function guardStore(store: StateStore, effect: Guard): StateStore {
  const guardTable = (table: KeyValueTable): KeyValueTable => ({
    get: (key) => table.get(key),
    range: (prefix) => table.range(prefix),
    write: (puts, removes) => effect(() => table.write(puts, removes)),
  });
  return {
    ...store,
    apply: (batch, keepFacts) => effect(() => store.apply(batch, keepFacts)),
    dropFactsThrough: (offset) => effect(() => store.dropFactsThrough(offset)),
    empty: () => effect(() => store.empty()),
    table: (name) => guardTable(store.table(name)),
  };
}
