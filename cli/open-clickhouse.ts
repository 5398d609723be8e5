/** The ClickHouse that a server works with: one of its own as a child process, or the one whose address it was given. */
import { existsSync, readdirSync } from 'node:fs';
import { layout as filesOf } from '../clickhouse/config-files.js';
import { databasesToCome } from '../clickhouse/generations.js';
import type { TokenLogs } from '../clickhouse/dedup-log.js';
import { startEmbedded } from '../clickhouse/embedded.js';
import { useExternal, type ClickHouseServer } from '../clickhouse/external.js';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { Logger } from '../runtime/logger.js';
import { err, ok, type Result } from '../runtime/result.js';

export interface OpenClickHouse {
  readonly server: ClickHouseServer;
  /** Only where the engine's files are at hand. */
  readonly tokenLogs?: TokenLogs;
  /** Folder that the engine writes backups into; as above. */
  readonly backups?: string;
  /** Lets queries read the tables of a database that is about to be made; a sentence where they cannot be let. */
  admit(database: string, api: string): Promise<Result<void, string>>;
  stop(): Promise<void>;
}

export interface ClickHouseChoice {
  /** Address with user and password; without it the embedded server is started. */
  readonly url: string | undefined;
  /** Folder of the embedded server. */
  readonly dir: string;
  readonly port?: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The embedded server died and was started again. */
  readonly onRestart?: () => void;
}

export async function openClickHouse(choice: ClickHouseChoice): Promise<Result<OpenClickHouse, string>> {
  const { url, dir, port, clock, logger } = choice;
  if (url !== undefined) {
    const found = await useExternal({ url, clock });
    if (!found.ok) return found;
    const { admit } = found.value;
    return ok({ server: found.value, admit, stop: () => Promise.resolve() });
  }
  const files = filesOf(dir);
  const databases = databasesToCome(existsSync(files.metadata) ? readdirSync(files.metadata) : []);
  const started = await startEmbedded({
    ...{ dir, clock, logger, memoryBytesMax: limits.embeddedMemoryBytesMax, databases },
    ...(port === undefined ? {} : { port }),
  });
  if (!started.ok) return err(started.error.detail);
  const server = started.value;
  if (choice.onRestart !== undefined) server.onRestart(choice.onRestart);
  const admitted = (database: string): Result<void, string> =>
    databases.includes(database)
      ? ok(undefined)
      : err('the tables were rebuilt too often since this server was started: start it again, then rebuild');
  return ok({
    server,
    tokenLogs: files.tokens,
    backups: files.backups,
    admit: (database) => Promise.resolve(admitted(database)),
    stop: () => server.stop(),
  });
}
