/** Joins the generations of the tables: which one is current says the log, what a crash left of others is cleared away, and rebuild. */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import {
  createGeneration,
  databaseOf,
  dropGeneration,
  existingGenerations,
  isFilled,
  pointsOf,
  showGeneration,
  spaceOf,
  viewsOf,
} from '../clickhouse/generations.js';
import { dropSnapshot } from '../clickhouse/snapshot.js';
import { createSwitchedTables } from '../clickhouse/switched-tables.js';
import type { Tables } from '../clickhouse/tables.js';
import { partitionsOf, type EventLog } from '../events/event-log.js';
import type { PositionBoard } from '../events/position-board.js';
import type { ProjectorHealth } from '../projector/port.js';
import { createRebuild, type Rebuild } from '../projector/rebuild.js';
import { PROJECTOR_GROUP } from '../projector/slice-ledger.js';
import { TablesHost } from '../projector/tables-host.js';
import { startProjectorWorker } from '../projector/worker-host.js';
import type { WorkerLog } from '../projector/worker-messages.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import { Problem } from '../runtime/problem.js';
import { err, ok, type Result } from '../runtime/result.js';
import type { LmdbStore } from '../state/lmdb-store.js';
import type { Replica } from '../state/replica.js';
import type { AdminTask } from './admin.js';
import { CLICKHOUSE_NAME, createBackup, type Backup } from './backup.js';
import { dataLayout, projectorGeneration } from './layout.js';
import type { OpenClickHouse } from './open-clickhouse.js';

export interface TablesOptions {
  readonly data: string;
  readonly opened: OpenClickHouse;
  readonly writer: Tables;
  readonly reader: Tables;
  readonly fsync: boolean;
  readonly deadLettersMax: number;
  readonly log: EventLog;
  /** Has folded all of the log. */
  readonly replica: Replica;
  readonly store: LmdbStore;
  /** Of the program. */
  readonly version: string;
  readonly logAt: WorkerLog;
  readonly board: PositionBoard;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface OpenTables {
  /** Sees the tables that are current, also after a rebuild. */
  readonly reader: Tables;
  readonly rebuild: AdminTask & Pick<Rebuild, 'begin'>;
  readonly backup: AdminTask & Pick<Backup, 'begin'>;
  generation(): number;
  health(): ProjectorHealth;
  stop(): Promise<void>;
}

/** Resolves when the projector is going; what can be expected to go wrong comes as a sentence. */
export async function openTables(options: TablesOptions): Promise<Result<OpenTables, string>> {
  const { data, opened, writer, reader, log, replica, board, clock, logger } = options;
  const { server, tokenLogs } = opened;
  const layout = dataLayout(data);
  const generation = replica.state.tablesGeneration();
  const fault = await settle(options, generation);
  if (fault !== undefined) return err(fault);

  const host = await TablesHost.start(
    {
      log,
      clock,
      board,
      startProjector: (of, ownBoard, leads) =>
        startProjectorWorker({
          logAt: options.logAt,
          stateDir: layout.projectorState(of),
          clickhouse: { url: server.url, credentials: server.writer },
          database: databaseOf(of),
          group: of === 1 ? PROJECTOR_GROUP : `${PROJECTOR_GROUP}-g${String(of)}`,
          leads,
          tokenLogs,
          deadLettersMax: options.deadLettersMax,
          log,
          board: ownBoard,
          clock,
          logger,
        }),
    },
    generation,
  );
  const switched = createSwitchedTables(reader, generation);
  const rebuild = createRebuild({
    log,
    clock,
    logger,
    host,
    tables: {
      space: (of) => spaceOf(writer, of),
      points: (of) => pointsOf(writer, of),
      create: (of) => create(options, of),
      drop: (of) => dropTables(options, of),
    },
    announce: async (next, { commandId, workspace, actor }) => {
      const { verdict } = await replica.submit({
        ...{ v: 1, type: 'TablesSwitched', commandId, workspace, at: clock.now(), generation: next },
        ...(actor === undefined ? {} : { actor }),
      });
      return { accepted: verdict.accepted, detail: verdict.accepted ? '' : verdict.detail };
    },
    switchReaders: async (next) => {
      await switched.switchTo(next);
      await showGeneration(writer, next, { definer: server.writer.user });
    },
  });
  const backup = createBackup({
    ...{ data, version: options.version, clickhouseBackups: opened.backups },
    ...{ writer, log, store: options.store, host, clock, logger },
  });
  return ok({
    ...{ reader: switched, rebuild, backup },
    generation: () => host.generation,
    health: () => host.health(),
    async stop() {
      await backup.stop();
      await rebuild.stop();
      await host.stop();
    },
  });
}

/** Makes the current tables ready and clears away all others, and what a backup left; a sentence when that would lose what cannot be made again. */
async function settle(options: TablesOptions, generation: number): Promise<string | undefined> {
  const { data, writer, opened, log, logger } = options;
  const others = (await existingGenerations(writer)).filter((other) => other !== generation);
  if (others.length > 0 && !(await isFilled(writer, generation))) {
    const later = others.find((other) => other > generation);
    if (later !== undefined) {
      return `the tables were switched to generation ${String(later)}, and the log ends before that: the log has lost its end`;
    }
    // an older backup of the tables under a newer log: they are filled anew
    const trimmed = partitionsOf(log).find((at) => log.start(at) > 0);
    if (trimmed !== undefined) {
      return `generation ${String(generation)} of the tables is missing, and ${trimmed.topic}/${String(trimmed.partition)} of the log was trimmed, so that it cannot be filled again: restore a backup that has it`;
    }
  }
  await dropSnapshot(writer);
  if (opened.backups !== undefined) {
    await rm(path.join(opened.backups, CLICKHOUSE_NAME), { recursive: true, force: true });
  }
  try {
    await create(options, generation);
  } catch (cause) {
    if (cause instanceof Problem) return cause.detail;
    throw cause;
  }
  if (generation > 1) await showGeneration(writer, generation, { definer: opened.server.writer.user });
  for (const other of others) {
    logger.info({ generation: other, current: generation }, 'tables that a rebuild left are dropped');
    await dropTables(options, other);
  }
  for (const folder of await readdir(data)) {
    const of = projectorGeneration(folder);
    if (of !== undefined && of !== generation) await rm(path.join(data, folder), { recursive: true });
  }
  return undefined;
}

/** Throws Problem `conflict` where queries could not read it. */
async function create({ writer, opened, fsync }: TablesOptions, generation: number): Promise<void> {
  const admitted = await opened.admit(databaseOf(generation), viewsOf(generation));
  if (!admitted.ok) throw new Problem('conflict', admitted.error);
  await createGeneration(writer, generation, { fsync, definer: opened.server.writer.user });
}

async function dropTables({ data, writer }: TablesOptions, generation: number): Promise<void> {
  await dropGeneration(writer, generation);
  await rm(dataLayout(data).projectorState(generation), { recursive: true, force: true });
}
