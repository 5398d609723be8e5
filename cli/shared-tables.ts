/** Tables that several processes fill and read, with the log on brokers: a server projects its share, follows how far all are, or both. */
import { createGeneration, databaseOf, viewsOf } from '../clickhouse/generations.js';
import { TablesError, type Tables } from '../clickhouse/tables.js';
import { followCommits } from '../events/follow-commits.js';
import { CONTROL, metricsPartitionsOf, type EventLog, type PartitionRef } from '../events/event-log.js';
import type { PositionBoard } from '../events/position-board.js';
import { reachedIn } from '../events/position.js';
import type { ProjectorHealth } from '../projector/port.js';
import { PROJECTOR_GROUP } from '../projector/slice-ledger.js';
import { emptyTally } from '../projector/tally.js';
import { startProjectorWorker, type ProjectorWorker } from '../projector/worker-host.js';
import type { WorkerLog } from '../projector/worker-messages.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import { err, ok, type Result } from '../runtime/result.js';
import { impossibleTask } from './admin.js';
import { dataLayout } from './layout.js';
import type { OpenClickHouse } from './open-clickhouse.js';
import type { OpenTables } from './tables.js';

/** A rebuild would have to switch all instances at one moment, which they cannot do yet. */
const GENERATION = 1;

export interface SharedTablesOptions {
  readonly data: string;
  readonly opened: OpenClickHouse;
  readonly writer: Tables;
  readonly deadLettersMax: number;
  readonly logAt: WorkerLog;
  readonly board: PositionBoard;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Makes the tables where they are not there. */
export async function prepareSharedTables({ opened, writer }: SharedTablesOptions): Promise<Result<void, string>> {
  const admitted = await opened.admit(databaseOf(GENERATION), viewsOf(GENERATION));
  if (!admitted.ok) return admitted;
  try {
    await createGeneration(writer, GENERATION, {
      fsync: opened.tokenLogs !== undefined,
      definer: opened.server.writer.user,
    });
  } catch (cause) {
    // it answered a moment ago, and has gone away or refuses what the tables need
    if (!(cause instanceof TablesError)) throw cause;
    return err(`the tables at ${opened.server.url} cannot be made ready: ${cause.detail}`);
  }
  return ok(undefined);
}

/** A share of the partitions, as the group of projectors agrees on. */
export function startSharedProjector(options: SharedTablesOptions): Promise<ProjectorWorker> {
  const { data, opened, deadLettersMax, logAt, board, clock, logger } = options;
  return startProjectorWorker({
    ...{ logAt, deadLettersMax, board, clock, logger },
    stateDir: dataLayout(data).projectorState(GENERATION),
    clickhouse: { url: opened.server.url, credentials: opened.server.writer },
    database: databaseOf(GENERATION),
    tokenLogs: opened.tokenLogs,
  });
}

/** Everything that an instance with an API needs of the tables. */
export async function openSharedTables(
  options: SharedTablesOptions & { readonly log: EventLog; readonly reader: Tables; readonly projects: boolean },
): Promise<Result<OpenTables, string>> {
  const prepared = await prepareSharedTables(options);
  if (!prepared.ok) return prepared;
  const following = followProjectors(options.log, options);
  const worker = options.projects ? await startSharedProjector(options) : undefined;
  return ok({
    reader: options.reader,
    rebuild: impossibleTask('rebuilding tables that several processes fill is not possible yet'),
    backup: impossibleTask('with the log on brokers, back up the topics and the tables by their own means'),
    generation: () => GENERATION,
    health: () => (worker === undefined ? following.health() : worker.health()),
    async stop() {
      await worker?.stop();
      await following.stop();
    },
  });
}

interface Following {
  /** How far all projectors together are behind the log. */
  health(): ProjectorHealth;
  stop(): Promise<void>;
}

function followProjectors(log: EventLog, { board, clock, logger }: SharedTablesOptions): Following {
  const stopping = new AbortController();
  const following = followCommits({
    ...{ log, board, clock, logger },
    group: PROJECTOR_GROUP,
    signal: stopping.signal,
  });
  const behind = (at: PartitionRef) => log.head(at) - 1 - reachedIn(board.reached(), at);
  return {
    health() {
      const lags = metricsPartitionsOf(log).map(behind);
      return {
        lag: { control: behind(CONTROL), metrics: lags },
        oldestWaiting: { control: null, metrics: lags.map(() => null) },
        deadLetters: 0,
        tally: emptyTally,
      };
    },
    async stop() {
      stopping.abort();
      await following;
    },
  };
}
