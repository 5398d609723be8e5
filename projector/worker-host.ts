/** Hosts the projector in a thread: keeps it told what is durable, does for it what only the log's writer may, starts it again when it dies. */
import { Worker } from 'node:worker_threads';
import { encodeControlEvent } from '../events/control-event.js';
import { CONTROL, partitionsOf, type EventLog, type PartitionRef } from '../events/event-log.js';
import type { PositionBoard } from '../events/position-board.js';
import type { Clock } from '../runtime/clock.js';
import { entryFile } from '../runtime/entry.js';
import { limits } from '../runtime/limits.js';
import type { Logger } from '../runtime/logger.js';
import { nothingToTell, type ProjectorHealth } from './port.js';
import { addTallies, emptyTally, type Tally } from './tally.js';
import type { Answer, Extent, FromWorker, Request, ToWorker, WorkerStart } from './worker-messages.js';

export interface ProjectorWorkerOptions extends Omit<WorkerStart, 'extents'> {
  /** The writer of the files; a log on a broker the thread opens itself. */
  readonly log?: EventLog;
  readonly board: PositionBoard;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ProjectorWorker {
  health(): ProjectorHealth;
  /** The other projector of this log has stopped: from now on this one says what is to be said on it. */
  lead(): void;
  /** Lets what is in flight land, for at most `shutdownMs`. */
  stop(): Promise<void>;
}

/** Resolves when the thread runs for the first time; that it is projecting shows in the board's position and in `health`. */
export async function startProjectorWorker(options: ProjectorWorkerOptions): Promise<ProjectorWorker> {
  const host = new WorkerHost(options, entryFile('projector/worker'));
  await host.started;
  return host;
}

class WorkerHost implements ProjectorWorker {
  readonly started: Promise<void>;
  private readonly stopping = new AbortController();
  private readonly living: Promise<void>;
  private worker: Worker | undefined;
  private reported: ProjectorHealth | undefined;
  /** Of the threads that have ended. */
  private earlier: Tally = emptyTally;
  private diedBecause: string | undefined;
  private leads: boolean;

  constructor(
    private readonly options: ProjectorWorkerOptions,
    private readonly entry: string,
  ) {
    this.leads = options.leads ?? true;
    let onStarted: () => void = () => undefined;
    this.started = new Promise((resolve) => (onStarted = resolve));
    this.living = this.live(onStarted);
  }

  health(): ProjectorHealth {
    const { earlier, reported } = this;
    const health: ProjectorHealth =
      reported === undefined
        ? { ...nothingToTell, tally: earlier }
        : { ...reported, tally: addTallies(earlier, reported.tally) };
    return this.diedBecause === undefined ? health : { ...health, stoppedBecause: this.diedBecause };
  }

  lead(): void {
    this.leads = true;
    this.worker?.postMessage({ type: 'lead' } satisfies ToWorker);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.worker?.postMessage({ type: 'stop' } satisfies ToWorker);
    const patience = new AbortController();
    const late = this.options.clock.sleep(limits.shutdownMs, patience.signal).then(() => 'late' as const);
    if ((await Promise.race([this.living, late])) === 'late') await this.worker?.terminate();
    patience.abort();
    await this.living;
  }

  /** One thread after the other until told to stop. */
  private async live(onStarted: () => void): Promise<void> {
    const { clock, logger } = this.options;
    const { signal } = this.stopping;
    let pauseMs: number = limits.projectorBackoffMsMin;
    while (!signal.aborted) {
      const begun = clock.monotonic();
      const death = await this.lifetime(onStarted);
      if (signal.aborted) return;
      this.diedBecause = death;
      // one that lived for a while has shown that it can
      if (clock.monotonic() - begun > limits.projectorBackoffMsMax) pauseMs = limits.projectorBackoffMsMin;
      logger.error({ detail: death, againInMs: pauseMs }, 'the projector died');
      await clock.sleep(pauseMs, signal);
      pauseMs = Math.min(2 * pauseMs, limits.projectorBackoffMsMax);
    }
  }

  /** Runs a thread to its end; gives the reason. */
  private lifetime(onStarted: () => void): Promise<string> {
    const { logAt, stateDir, clickhouse, database, group, tokenLogs, deadLettersMax } = this.options;
    const { leads } = this;
    return new Promise((resolve) => {
      const over = new AbortController();
      const start: WorkerStart = {
        ...{ logAt, stateDir, clickhouse, database, group, leads, tokenLogs, deadLettersMax },
        extents: this.extents(),
      };
      const worker = new Worker(this.entry, { workerData: start });
      this.worker = worker;
      let death = 'it ended without being asked to';
      worker.on('message', (message: FromWorker) => {
        if (message.type === 'started') {
          onStarted();
          for (const { at } of start.extents) void this.follow(worker, at, over.signal);
        }
        this.take(worker, message);
      });
      worker.on('error', (error: Error) => (death = error.message));
      worker.on('exit', () => {
        over.abort();
        this.worker = undefined;
        if (this.reported !== undefined) {
          this.earlier = addTallies(this.earlier, this.reported.tally);
          this.reported = { ...this.reported, tally: emptyTally };
        }
        // a start that fails at once must not keep the server from starting: health says why
        onStarted();
        resolve(death);
      });
      if (this.stopping.signal.aborted) worker.postMessage({ type: 'stop' } satisfies ToWorker);
    });
  }

  private take(worker: Worker, message: FromWorker): void {
    const { board, logger } = this.options;
    if (message.type === 'position') board.publish(message.position);
    else if (message.type === 'log') logger[message.level](message.fields, message.message);
    else if (message.type === 'request') void this.answer(worker, message.id, message.request);
    else if (message.type === 'health') {
      this.reported = message.health;
      this.diedBecause = undefined;
    }
  }

  private async answer(worker: Worker, id: number, request: Request): Promise<void> {
    let answer: Answer;
    try {
      answer = await this.perform(request);
    } catch (cause) {
      answer = { ok: false, error: cause instanceof Error ? cause.message : String(cause) };
    }
    worker.postMessage({ type: 'answer', id, answer } satisfies ToWorker);
  }

  private async perform(request: Request): Promise<Answer> {
    const { log } = this.options;
    if (log === undefined) throw new Error('only files have a writer to ask');
    if (request.ask === 'commit') {
      await log.commit(request.group, request.at, request.offset, request.metadata);
      return { ok: true };
    }
    if (request.ask === 'committed') return { ok: true, committed: await log.committed(request.group, request.at) };
    await log.append(CONTROL, [encodeControlEvent(request.event)]);
    return { ok: true };
  }

  private extents(): Extent[] {
    const { log } = this.options;
    if (log === undefined) return [];
    return partitionsOf(log).map((at) => ({ at, head: log.head(at), start: log.start(at) }));
  }

  /** Tells the thread of every advance of a partition, as fast as it comes. */
  private async follow(worker: Worker, at: PartitionRef, signal: AbortSignal): Promise<void> {
    const { log } = this.options;
    if (log === undefined) return;
    let said = -1;
    for (let head = log.head(at); head > said && !signal.aborted; head = log.head(at)) {
      worker.postMessage({ type: 'advance', at, head, start: log.start(at) } satisfies ToWorker);
      said = head;
      // comes back without an advance only when the log is closed or the thread gone
      await log.waitPast(at, head, signal);
    }
  }
}
