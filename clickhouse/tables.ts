/** The port to the tables: what the projector, the query service and migrations ask of ClickHouse, with its one kind of error. */

import type { Param } from './params.js';

/** NaN and infinities come as the words `nan`, `inf`, `-inf`; 64-bit integers beyond 2^53 come as decimal strings. */
export type Cell = string | number | boolean | null | readonly Cell[] | { readonly [name: string]: Cell };
export type Row = Readonly<Record<string, Cell>>;

export interface Columns {
  readonly rows: number;
  /** By name of the column, each with one cell per row. */
  readonly columns: Readonly<Record<string, readonly Cell[]>>;
}

export interface QueryOptions {
  /** Bound on the server to `{name:Type}` in the statement. */
  readonly params?: Readonly<Record<string, Param>>;
  readonly settings?: Readonly<Record<string, string | number>>;
  /** The workspace that the views of `api` show; without it they are empty. */
  readonly workspace?: string;
  /** When it aborts, the request rejects with the signal's reason and the server stops the query. */
  readonly signal?: AbortSignal;
  readonly database?: string;
}

export interface InsertOptions {
  /** The same token again changes nothing: see `non_replicated_deduplication_window` in the tables. */
  readonly token: string;
  readonly columns?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * Guarantees. An answer is whole or the call throws. An insert that resolved is in the table; one that threw `retriable` may be,
 * and is made certain by the same body with the same token. The blocks of one insert are written as one block.
 */
export interface Tables {
  query(sql: string, options?: QueryOptions): Promise<Row[]>;
  /** The fast way for many rows: one array per column. */
  queryColumns(sql: string, options?: QueryOptions): Promise<Columns>;
  /** The answer as ClickHouse writes it, for answers that are passed on unread; the statement names its format. */
  queryText(sql: string, options?: QueryOptions): Promise<string>;
  command(sql: string, options?: QueryOptions): Promise<void>;
  /** `table` is `name` or `database.name`; `body` is one encoded Native block, possibly in several pieces. */
  insertNative(table: string, body: Uint8Array | readonly Uint8Array[], options: InsertOptions): Promise<void>;
  /** Whether a server answers on this address; says nothing about the credentials. */
  ping(timeoutMs?: number): Promise<boolean>;
  close(): Promise<void>;
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** `code` is ClickHouse's error code, or 0 when the server gave none (it was away, or the connection broke). */
export class TablesError extends Error {
  constructor(
    readonly code: number,
    readonly detail: string,
    readonly retriable: boolean,
    options?: ErrorOptions,
  ) {
    super(detail, options);
    this.name = 'TablesError';
  }
}

// Codes of ClickHouse that describe the moment rather than the request.
const RETRIABLE_CODES = new Set([
  3, // UNEXPECTED_END_OF_FILE: the body was cut
  32, // ATTEMPT_TO_READ_AFTER_EOF
  33, // CANNOT_READ_ALL_DATA
  74, // CANNOT_READ_FROM_FILE_DESCRIPTOR
  75, // CANNOT_WRITE_TO_FILE_DESCRIPTOR: the disk is full, for one
  95, // CANNOT_READ_FROM_SOCKET
  96, // CANNOT_WRITE_TO_SOCKET
  173, // CANNOT_ALLOCATE_MEMORY
  198, // DNS_ERROR
  202, // TOO_MANY_SIMULTANEOUS_QUERIES
  203, // NO_FREE_CONNECTION
  209, // SOCKET_TIMEOUT
  210, // NETWORK_ERROR
  225, // NO_ZOOKEEPER
  236, // ABORTED: the server is shutting down
  241, // MEMORY_LIMIT_EXCEEDED
  242, // TABLE_IS_READ_ONLY: a replica without its keeper
  243, // NOT_ENOUGH_SPACE
  252, // TOO_MANY_PARTS
  279, // ALL_CONNECTION_TRIES_FAILED
  285, // TOO_FEW_LIVE_REPLICAS
  319, // UNKNOWN_STATUS_OF_INSERT
  394, // QUERY_WAS_CANCELLED
  425, // SYSTEM_ERROR
  439, // CANNOT_SCHEDULE_TASK
  745, // SERVER_OVERLOADED
  999, // KEEPER_EXCEPTION
]);

export const isRetriableCode = (code: number) => RETRIABLE_CODES.has(code);
