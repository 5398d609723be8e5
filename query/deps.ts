/** What the read side is built from; the composition root gives it. */
import type { IncomingMessage } from 'node:http';
import type { Tables } from '../clickhouse/tables.js';
import type { PositionBoard } from '../events/position-board.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';

export interface QueryDeps {
  /** Connected as the querier: of each table it sees the rows of the workspace that the request names. */
  readonly tables: Tables;
  /** Where the tables are. */
  readonly database: string;
  readonly board: PositionBoard;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Who asks; throws a Problem when nobody may. Any scope may read. */
  readonly authenticate: (req: IncomingMessage) => { readonly workspace: string };
  /** Waits until the tables have everything that this instance knows to be on the control log; asked before "unknown run" is said. */
  readonly barrier?: (workspace: string) => Promise<void>;
  /** Bounds of runtime/limits.ts that a test has its own values for. */
  readonly bounds?: { readonly inheritancesListedMax?: number; readonly barrierWaitMs?: number } | undefined;
}
