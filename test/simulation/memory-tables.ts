/** The tables in memory: keeps the rows of each insert by table and token, as ClickHouse does with a deduplication window. */
import type { PartitionRef } from '../../events/event-log.js';
import type { ProjectionTables } from '../../projector/projection-tables.js';
import { readNativeBlock, type NativeRow } from '../native-reader.js';

export class MemoryTables implements ProjectionTables {
  private readonly inserts = new Map<string, Map<string, readonly NativeRow[]>>();

  /** All rows of a table, in the order of the inserts. */
  rows(table: string): NativeRow[] {
    return [...(this.inserts.get(table)?.values() ?? [])].flat();
  }

  async insert(table: string, block: readonly Uint8Array[], token: string): Promise<void> {
    // read now: the sender may use its buffers again once this has resolved
    this.apply(table, readNativeBlock(block).rows, token);
    await Promise.resolve();
  }

  apply(table: string, rows: readonly NativeRow[], token: string): void {
    const tokens = this.inserts.get(table) ?? new Map<string, readonly NativeRow[]>();
    this.inserts.set(table, tokens);
    if (!tokens.has(token)) tokens.set(token, rows);
  }

  flushTokens(): Promise<void> {
    return Promise.resolve();
  }

  async lastDone(at: PartitionRef) {
    await Promise.resolve();
    const done = this.slices(at).filter((row) => row['done'] === 1);
    const last = done.sort((a, b) => Number(b['last_offset']) - Number(a['last_offset']))[0];
    return last === undefined ? undefined : { epoch: String(last['epoch']), last: Number(last['last_offset']) };
  }

  async recordedFrom(at: PartitionRef, offset: number) {
    await Promise.resolve();
    return this.slices(at)
      .filter((row) => row['done'] === 0 && Number(row['last_offset']) >= offset)
      .sort((a, b) => Number(a['at']) - Number(b['at']))
      .map((row) => ({ first: Number(row['first_offset']), last: Number(row['last_offset']) }));
  }

  async *batches(partition: number, from: number, below: number) {
    await Promise.resolve();
    yield this.rows('chunks')
      .filter((row) => row['partition'] === partition && Number(row['offset']) >= from && Number(row['offset']) < below)
      .map((row) => ({
        run: String(row['run']),
        writer: String(row['writer']),
        seqs: [Number(row['seq']), Number(row['seq'])],
      }));
  }

  async lastSeen() {
    await Promise.resolve();
    const seen = new Map<string, number>();
    for (const row of this.rows('seen')) {
      const run = String(row['run']);
      seen.set(run, Math.max(seen.get(run) ?? 0, Number(row['seen_at'])));
    }
    return seen;
  }

  async deadLetters() {
    await Promise.resolve();
    return new Set(this.rows('dead_letters').map((row) => `${String(row['topic'])} ${String(row['offset'])}`)).size;
  }

  private slices(at: PartitionRef): NativeRow[] {
    return this.rows('slices').filter((row) => row['topic'] === at.topic && row['partition'] === at.partition);
  }
}
