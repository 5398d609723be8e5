/** Who fills the tables: the projector of the current generation, which can stand aside, and hand over to that of the next. */
import { CONTROL, metricsPartitionsOf, partitionsOf, type EventLogReader } from '../events/event-log.js';
import { createPositionBoard, type PositionBoard } from '../events/position-board.js';
import { reachedIn, type Position } from '../events/position.js';
import type { Clock } from '../runtime/clock.js';
import type { ProjectorHealth } from './port.js';
import type { ProjectorWorker } from './worker-host.js';

/** A projector that fills one generation, and how far that is. */
export interface Filling {
  readonly generation: number;
  readonly board: PositionBoard;
  readonly worker: ProjectorWorker;
}

export interface TablesHostOptions {
  readonly log: EventLogReader;
  readonly clock: Clock;
  /** Where readers see how far their tables are. */
  readonly board: PositionBoard;
  /** Starts a projector of the generation; one that does not lead says nothing on the log. */
  readonly startProjector: (generation: number, board: PositionBoard, leads: boolean) => Promise<ProjectorWorker>;
}

export class TablesHost {
  private current: Filling;
  private stopped = false;
  private starting: Promise<void> = Promise.resolve();

  private constructor(
    private readonly options: TablesHostOptions,
    first: Filling,
  ) {
    this.current = first;
    this.show(first);
  }

  static async start(options: TablesHostOptions, generation: number): Promise<TablesHost> {
    return new TablesHost(options, await startFilling(options, generation, true));
  }

  get generation(): number {
    return this.current.generation;
  }

  /** How far the tables are. */
  reached(): Position {
    return this.current.board.reached();
  }

  health(): ProjectorHealth {
    return this.current.worker.health();
  }

  /** A second projector beside the current one, from wherever its tables are. */
  startBeside(generation: number): Promise<Filling> {
    return startFilling(this.options, generation, false);
  }

  /** What is in flight lands, then the tables stand still until `resume`; the board stays where it is. */
  async pause(): Promise<void> {
    await this.current.worker.stop();
  }

  async resume(): Promise<void> {
    if (this.stopped) return;
    this.starting = startFilling(this.options, this.current.generation, true).then((filling) => this.take(filling));
    await this.starting;
  }

  /** While the tables stand still. From now on `next` is the current filling; it has all that readers were shown. */
  handOver(next: Filling): void {
    this.take(next);
    next.worker.lead();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.starting.catch(() => undefined);
    await this.current.worker.stop();
  }

  private take(filling: Filling): void {
    this.current = filling;
    this.show(filling);
  }

  private show({ board }: Filling): void {
    this.options.board.publish(board.reached());
    board.onAdvance((position) => this.options.board.publish(position));
  }
}

async function startFilling(options: TablesHostOptions, generation: number, leads: boolean): Promise<Filling> {
  const board = createPositionBoard(options.log.epoch, options.clock);
  return { generation, board, worker: await options.startProjector(generation, board, leads) };
}

/** Everything that is durable now. */
export const headsOf = (log: EventLogReader): Position => ({
  epoch: log.epoch,
  control: log.head(CONTROL) - 1,
  metrics: metricsPartitionsOf(log).map((at) => log.head(at) - 1),
});

/** Bytes of value on the log that are not below the position. */
export const bytesBeyond = (log: EventLogReader, position: Position): number =>
  partitionsOf(log).reduce((sum, at) => sum + log.bytesFrom(at, reachedIn(position, at) + 1), 0);
