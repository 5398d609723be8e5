/** The ClickHouse that a server works with: one of its own as a child process, or the one whose address it was given. */
import { layout as filesOf } from '../clickhouse/config-files.js';
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
  stop(): Promise<void>;
}

export interface ClickHouseChoice {
  /** Address with user and password; without it the embedded server is started. */
  readonly url: string | undefined;
  /** Folder of the embedded server. */
  readonly dir: string;
  readonly port?: number;
  readonly database: string;
  readonly api: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export async function openClickHouse(choice: ClickHouseChoice): Promise<Result<OpenClickHouse, string>> {
  const { url, dir, port, database, api, clock, logger } = choice;
  if (url !== undefined) {
    const found = await useExternal({ url, database, api, clock });
    return found.ok ? ok({ server: found.value, stop: () => Promise.resolve() }) : found;
  }
  const started = await startEmbedded({
    ...{ dir, clock, logger, memoryBytesMax: limits.embeddedMemoryBytesMax, databases: [database] },
    ...(port === undefined ? {} : { port }),
  });
  if (!started.ok) return err(started.error.detail);
  const server = started.value;
  return ok({ server, tokenLogs: filesOf(dir).tokens, stop: () => server.stop() });
}
