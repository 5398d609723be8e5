/** What the projector's thread and the thread that hosts it say to each other. */
import type { TokenLogs } from '../clickhouse/dedup-log.js';
import type { Credentials } from '../clickhouse/tables.js';
import type { ControlEvent } from '../events/control-event.js';
import type { Committed, PartitionRef } from '../events/event-log.js';
import type { Position } from '../events/position.js';
import type { ProjectorHealth } from './port.js';

export interface Extent {
  readonly at: PartitionRef;
  readonly head: number;
  readonly start: number;
}

/** Where the thread finds the log. Files have one writer, the hosting thread, which does what only that may; a broker serves all alike. */
export type WorkerLog =
  | { readonly kind: 'files'; readonly dir: string }
  | { readonly kind: 'kafka'; readonly brokers: readonly string[]; readonly prefix: string };

export interface WorkerStart {
  readonly logAt: WorkerLog;
  readonly stateDir: string;
  readonly clickhouse: { readonly url: string; readonly credentials: Credentials };
  readonly database: string;
  /** Under which name it commits on the log; left out: the one projector's. */
  readonly group?: string | undefined;
  /** False while another one projects the same log and says what is to be said on it; `lead` ends that. */
  readonly leads?: boolean | undefined;
  /** Where the embedded engine keeps its tokens; left out where ClickHouse runs by itself. */
  readonly tokenLogs?: TokenLogs | undefined;
  readonly deadLettersMax?: number | undefined;
  /** Of all partitions of files, as they are when the thread starts. */
  readonly extents: readonly Extent[];
}

/** What the thread asks of the one writer of the log; answered by `answer` with the same id. */
export type Request =
  | {
      readonly ask: 'commit';
      readonly group: string;
      readonly at: PartitionRef;
      readonly offset: number;
      readonly metadata: string;
    }
  | { readonly ask: 'committed'; readonly group: string; readonly at: PartitionRef }
  | { readonly ask: 'append'; readonly event: ControlEvent };

export type Answer =
  { readonly ok: true; readonly committed?: Committed | undefined } | { readonly ok: false; readonly error: string };

export type ToWorker =
  | ({ readonly type: 'advance' } & Extent)
  | { readonly type: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly type: 'lead' }
  | { readonly type: 'stop' };

export type LogLine = {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
};

export type FromWorker =
  | { readonly type: 'started' }
  | { readonly type: 'request'; readonly id: number; readonly request: Request }
  | { readonly type: 'position'; readonly position: Position }
  | { readonly type: 'health'; readonly health: ProjectorHealth }
  | ({ readonly type: 'log' } & LogLine);
