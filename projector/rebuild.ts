/**
 * Rebuild: fills tables of a new generation from the start of the log beside the present ones, and switches readers to them.
 *
 * The order is what makes it safe. The present projector stops first, so that its tables stand still; the new one has to be level
 * with the log as it is then; only then the switch goes on the log, and that event alone decides. Before it the present tables are
 * the tables, whatever happens, and after it the new ones are, which hold all that anybody was shown.
 */
import type { Space } from '../clickhouse/generations.js';
import { partitionsOf, type EventLogReader } from '../events/event-log.js';
import { covers } from '../events/position.js';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { Logger } from '../runtime/logger.js';
import { Problem } from '../runtime/problem.js';
import { createRebuildProgress, type RebuildStatus } from './rebuild-progress.js';
import { bytesBeyond, headsOf, type Filling, type TablesHost } from './tables-host.js';

export interface RebuildDeps {
  readonly log: EventLogReader;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly host: Pick<TablesHost, 'generation' | 'startBeside' | 'pause' | 'resume' | 'handOver'>;
  readonly tables: {
    space(generation: number): Promise<Space>;
    points(generation: number): Promise<number>;
    create(generation: number): Promise<void>;
    /** The tables and what their projector remembers. */
    drop(generation: number): Promise<void>;
  };
  /** Says on the log that readers are to see the generation; resolves with the verdict of the fold, throws Problem `unavailable` when it does not know. */
  readonly announce: (
    generation: number,
    by: RebuildOrder,
  ) => Promise<{ readonly accepted: boolean; readonly detail: string }>;
  /** Readers see the generation from now on; resolves when nobody reads an older one any more. */
  readonly switchReaders: (generation: number) => Promise<void>;
}

/** Who asked. The command id is the same however often the switch has to be said. */
export interface RebuildOrder {
  readonly commandId: string;
  readonly workspace: string;
  readonly actor?: string;
}

export interface Rebuild {
  status(): RebuildStatus;
  isRunning(): boolean;
  /** Begins one; the rest shows in `status`. Throws a Problem when it cannot begin. */
  begin(order: RebuildOrder): Promise<RebuildStatus>;
  /** Gives up one that is under way, before anything is closed that it uses. */
  stop(): Promise<void>;
}

/** Why a rebuild was given up, in a sentence for the person who started it. */
class GivenUp extends Error {}

export function createRebuild(deps: RebuildDeps): Rebuild {
  const { log, clock, logger, host, tables } = deps;
  const stopping = new AbortController();
  const { signal } = stopping;
  const progress = createRebuildProgress(log, clock);
  let running: Promise<void> | undefined;

  async function checkRoom(): Promise<void> {
    const trimmed = partitionsOf(log).find((at) => log.start(at) > 0);
    if (trimmed !== undefined) {
      const from = `${trimmed.topic}/${String(trimmed.partition)} begins at offset ${String(log.start(trimmed))}`;
      throw new Problem(
        'conflict',
        `the log was trimmed (${from}): tables cannot be filled from its beginning any more`,
      );
    }
    const { tablesBytes, freeBytes } = await tables.space(host.generation);
    const needed = tablesBytes * limits.rebuildSpaceFactor + limits.rebuildSpareBytes;
    if (freeBytes < needed) {
      const detail = `a rebuild needs about ${megabytes(needed)} beside the present tables, and ${megabytes(freeBytes)} are free: make room, then start it again`;
      throw new Problem('conflict', detail, { field: 'disk' });
    }
  }

  /** Waits a little; throws when there is no sense in going on. */
  async function goOn(next: Filling): Promise<void> {
    await clock.sleep(limits.rebuildPollMs, signal);
    if (signal.aborted) throw new GivenUp('the server was stopped');
    const { stoppedBecause, away } = next.worker.health();
    if (stoppedBecause !== undefined) throw new GivenUp(`filling the new tables stopped: ${stoppedBecause}`);
    progress.reached(next.board.reached(), away);
  }

  async function fillUntilLevel(next: Filling): Promise<void> {
    progress.enter('filling');
    for (;;) {
      await goOn(next);
      progress.points(await tables.points(next.generation));
      const { freeBytes } = await tables.space(next.generation);
      if (freeBytes < limits.rebuildSpareBytes) {
        throw new GivenUp(`only ${megabytes(freeBytes)} are free on the disk: make room, then start it again`);
      }
      if (bytesBeyond(log, next.board.reached()) <= limits.rebuildLevelBytes) return;
    }
  }

  /** With the present tables standing still; true when the new ones hold all of the log as it was then. */
  async function becomesLevel(next: Filling): Promise<boolean> {
    const wanted = headsOf(log);
    const deadline = clock.monotonic() + limits.rebuildSwitchMsMax;
    while (!covers(next.board.reached(), wanted)) {
      if (clock.monotonic() > deadline) return false;
      await goOn(next);
    }
    return true;
  }

  /** Says it until it is known whether it was said: from here on only the log knows which tables are current. */
  async function announced(generation: number, order: RebuildOrder): Promise<void> {
    for (;;) {
      try {
        const { accepted, detail } = await deps.announce(generation, order);
        if (accepted) return;
        throw new GivenUp(detail);
      } catch (error) {
        if (!(error instanceof Problem) || !error.retriable) throw error;
        logger.warn({ detail: error.detail }, 'the switch of the tables is said again');
        await clock.sleep(limits.foldRetryMs, signal);
        if (signal.aborted) throw new Unknown();
      }
    }
  }

  async function switchOver(next: Filling, order: RebuildOrder): Promise<boolean> {
    progress.enter('switching');
    await host.pause();
    try {
      if (!(await becomesLevel(next))) {
        await host.resume();
        return false;
      }
      await announced(next.generation, order);
    } catch (error) {
      if (!(error instanceof Unknown)) await host.resume();
      throw error;
    }
    const old = host.generation;
    host.handOver(next);
    progress.enter('dropping');
    await deps.switchReaders(next.generation);
    await tables.drop(old);
    return true;
  }

  async function run(generation: number, order: RebuildOrder): Promise<void> {
    let next: Filling | undefined;
    try {
      await tables.drop(generation);
      await tables.create(generation);
      next = await host.startBeside(generation);
      do await fillUntilLevel(next);
      while (!(await switchOver(next, order)));
      progress.reached(next.board.reached(), undefined);
      progress.points(await tables.points(generation));
      progress.end();
      logger.info({ generation }, 'the tables were rebuilt');
    } catch (error) {
      const detail = error instanceof GivenUp || error instanceof Unknown ? error.message : String(error);
      if (host.generation === generation) {
        // readers have the new tables; what is left of the old ones goes at the next start
        progress.end();
        logger.warn({ generation, detail }, 'the tables were rebuilt, and the old ones could not be dropped');
        return;
      }
      progress.end(detail);
      if (error instanceof Unknown) {
        await next?.worker.stop();
        return;
      }
      logger.error({ generation, detail }, 'the rebuild was given up');
      await next?.worker.stop();
      // a server that is being stopped drops it at its next start
      if (!signal.aborted) await tables.drop(generation);
    }
  }

  return {
    status: () => progress.status(),
    isRunning: () => running !== undefined,
    async begin(order) {
      if (signal.aborted) throw new Problem('unavailable', 'the server is being stopped');
      if (running !== undefined) throw new Problem('conflict', 'a rebuild is under way already');
      let begun: () => void = () => undefined;
      running = new Promise<void>((resolve) => (begun = resolve));
      try {
        await checkRoom();
      } catch (error) {
        running = undefined;
        begun();
        throw error;
      }
      const generation = host.generation + 1;
      progress.begin(generation);
      running = run(generation, order)
        .catch((error: unknown) => logger.error({ detail: String(error) }, 'what a rebuild left could not be dropped'))
        .finally(() => {
          running = undefined;
          begun();
        });
      return progress.status();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** The server is stopped while it is not known whether the switch is on the log; the next start will know. */
class Unknown extends Error {
  constructor() {
    super('the server was stopped before it was known whether the switch is on the log: the next start knows');
  }
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;
