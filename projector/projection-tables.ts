/** What the projector asks of the tables: inserts under a token, and on start how far they are. Over ClickHouse's Tables here. */
import type { TokenFlusher } from '../clickhouse/dedup-log.js';
import type { Tables } from '../clickhouse/tables.js';
import type { PartitionRef } from '../events/event-log.js';
import type { Intervals } from './intervals.js';
import type { Bounds } from './slice.js';

/** Batches of one writer of one run. */
export interface WriterBatches {
  readonly run: string;
  readonly writer: string;
  readonly seqs: Intervals;
}

export interface ProjectionTables {
  /** Inserts one block; the same token again changes nothing. */
  insert(table: string, block: readonly Uint8Array[], token: string): Promise<void>;
  /** When it resolves, not even a power loss makes the tables forget a token of an insert that has resolved. */
  flushTokens(): Promise<void>;
  /** The last slice that is wholly in the tables, and the epoch of the log that it came from. */
  lastDone(at: PartitionRef): Promise<{ readonly epoch: string; readonly last: number } | undefined>;
  /** Slices from `offset` on that were recorded, by the time of their recording; some of their inserts may have been made. */
  recordedFrom(at: PartitionRef, offset: number): Promise<readonly Bounds[]>;
  /** Accepted batches with from <= offset < below, in pages. A writer may come in several pages. */
  batches(partition: number, from: number, below: number): AsyncIterable<readonly WriterBatches[]>;
  /** When each run that is open was last heard, ms; runs that never were are left out. */
  lastSeen(): Promise<ReadonlyMap<string, number>>;
  deadLetters(): Promise<number>;
}

const PAGE_ROWS = 50_000;

/** `tokens` where the engine is embedded and its folder at hand; a ClickHouse of its own keeps its tokens by itself. */
export function createProjectionTables(tables: Tables, database: string, tokens?: TokenFlusher): ProjectionTables {
  const query = (sql: string, params: Readonly<Record<string, string | number>> = {}) => tables.query(sql, { params });
  return {
    insert: (table, block, token) => tables.insertNative(`${database}.${table}`, block, { token }),

    flushTokens: async () => tokens?.flush(),

    async lastDone(at) {
      const rows = await query(
        `SELECT epoch, last_offset FROM ${database}.slices
         WHERE topic = {topic:String} AND partition = {partition:UInt32} AND done = 1
         ORDER BY topic DESC, partition DESC, last_offset DESC LIMIT 1`,
        { topic: at.topic, partition: at.partition },
      );
      const row = rows[0];
      return row === undefined ? undefined : { epoch: String(row['epoch']), last: Number(row['last_offset']) };
    },

    async recordedFrom(at, offset) {
      const rows = await query(
        `SELECT first_offset, last_offset FROM ${database}.slices
         WHERE topic = {topic:String} AND partition = {partition:UInt32} AND last_offset >= {offset:UInt64} AND done = 0
         ORDER BY at`,
        { topic: at.topic, partition: at.partition, offset },
      );
      return rows.map((row) => ({ first: Number(row['first_offset']), last: Number(row['last_offset']) }));
    },

    async *batches(partition, from, below) {
      // numbers in a row have the same difference to their rank: each such group is one interval
      const sql = `
        SELECT run, writer, min(seq) AS low, max(seq) AS high
        FROM (
          SELECT run, writer, seq, seq - row_number() OVER (PARTITION BY run, writer ORDER BY seq) AS island
          FROM (
            SELECT DISTINCT run, writer, seq FROM ${database}.chunks
            WHERE partition = {partition:UInt32} AND offset >= {from:UInt64} AND offset < {below:UInt64}
              AND (run, writer) >= ({run:UUID}, {writer:String})
          )
        )
        GROUP BY run, writer, island
        HAVING (run, writer, low) > ({run:UUID}, {writer:String}, {low:Int64})
        ORDER BY run, writer, low LIMIT {limit:UInt32}`;
      let after = { run: '00000000-0000-0000-0000-000000000000', writer: '', low: -1 };
      for (;;) {
        const rows = await query(sql, { partition, from, below, ...after, limit: PAGE_ROWS });
        const page = rows.map((row) => ({
          run: String(row['run']),
          writer: String(row['writer']),
          seqs: [Number(row['low']), Number(row['high'])],
        }));
        if (page.length > 0) yield page;
        const last = page.at(-1);
        if (last === undefined || page.length < PAGE_ROWS) return;
        after = { run: last.run, writer: last.writer, low: last.seqs[0] ?? 0 };
      }
    },

    async lastSeen() {
      const rows = await query(
        `SELECT run, toUnixTimestamp64Milli(max(seen_at)) AS at FROM ${database}.seen
         WHERE run IN (SELECT run FROM ${database}.runs FINAL WHERE status IN ('running', 'crashed')) GROUP BY run`,
      );
      return new Map(rows.map((row) => [String(row['run']), Number(row['at'])]));
    },

    async deadLetters() {
      const rows = await query(`SELECT uniqExact(topic, partition, offset) AS letters FROM ${database}.dead_letters`);
      return Number(rows[0]?.['letters'] ?? 0);
    },
  };
}
