/** What the read side is built from; the composition root gives it. */
import type { IncomingMessage } from 'node:http';
import type { Tables } from '../clickhouse/tables.js';
import type { PositionBoard } from '../events/position-board.js';
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';
import type { KeyRecord, RetryRecord } from '../state/types.js';

export type Scope = KeyRecord['scope'];

export interface QueryDeps {
  /** Connected as the querier: of each table it sees the rows of the workspace that the request names. */
  readonly tables: Tables;
  /** Where the tables are. */
  readonly database: string;
  readonly board: PositionBoard;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Who asks; throws a Problem when nobody may. Any scope may read; only admins read dead letters. */
  readonly authenticate: (req: IncomingMessage) => { readonly workspace: string; readonly scope?: Scope };
  /** How a dead letter was retried, by its place; without it, none were. */
  readonly retries?: (letter: string) => RetryRecord | undefined;
  /** Waits until the tables have everything that this instance knows to be on the control log; asked before "unknown run" is said. */
  readonly barrier?: (workspace: string) => Promise<void>;
  /** Told of every question that took longer than `slowQueryMs`. */
  readonly onSlow?: () => void;
  /** Bounds of runtime/limits.ts that a test has its own values for. */
  readonly bounds?: { readonly inheritancesListedMax?: number; readonly barrierWaitMs?: number } | undefined;
}
