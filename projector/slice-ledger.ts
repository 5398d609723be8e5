/**
 * Where a partition stands, in two places: commits of the log and the table `slices`. A slice is recorded in both before its first
 * insert, marked done in `slices` after its last, and committed after that.
 *
 * On start, `slices` says what is done, whatever the commits say; a slice that was recorded and is not done is made again with the
 * same bounds, so with the same rows and tokens.
 */
import type { EventLog, EventLogReader, PartitionRef } from '../events/event-log.js';
import { integerColumn, lowCardinalityColumnOf, nativeBlock, numberColumn, timeColumn } from '../clickhouse/native.js';
import type { Clock } from '../runtime/clock.js';
import type { ProjectionTables } from './projection-tables.js';
import { ProjectionStopped, sliceToken, type Bounds } from './slice.js';

export const PROJECTOR_GROUP = 'projector';

/** What the projector needs of the log. */
export type ProjectorLog = EventLogReader &
  Pick<EventLog, 'commit' | 'committed'> &
  // of files the hosting thread tells the heads, in the order in which they came to be
  Partial<Pick<EventLog, 'freshHead'>>;

export interface Resumption {
  /** Everything below is in the tables. */
  readonly next: number;
  /** Slices from `next` on, without gaps, that have to be made again. */
  readonly recorded: readonly Bounds[];
}

export class SliceLedger {
  private readonly underWay: Bounds[] = [];
  /** Of an earlier owner, and not made again yet. It may be alive and about to insert them: they stay in the commits until then. */
  private toRepeat: Bounds[] = [];
  private next = 0;
  private commits: Promise<void> = Promise.resolve();

  constructor(
    private readonly log: ProjectorLog,
    private readonly tables: ProjectionTables,
    private readonly at: PartitionRef,
    private readonly clock: Clock,
    /** Each filling of tables commits under a name of its own. */
    private readonly group = PROJECTOR_GROUP,
  ) {}

  async open(): Promise<Resumption> {
    const { log, at, tables } = this;
    const name = `${at.topic}/${String(at.partition)}`;
    const done = await tables.lastDone(at);
    if (done !== undefined && done.epoch !== log.epoch) {
      throw new ProjectionStopped(
        `the tables were filled from another log (epoch ${done.epoch}, this log is ${log.epoch}): put the log back, or start with an empty data folder`,
      );
    }
    this.next = done === undefined ? 0 : done.last + 1;
    if (this.next > log.head(at)) {
      throw new ProjectionStopped(
        `the tables hold ${name} up to offset ${String(this.next - 1)}, the log ends before ${String(log.head(at))}: the log has lost its end`,
      );
    }
    if (this.next < log.start(at)) {
      throw new ProjectionStopped(
        `the tables need ${name} from offset ${String(this.next)}, the log begins at ${String(log.start(at))}`,
      );
    }
    const recorded = new Map<number, Bounds>();
    const rows = await tables.recordedFrom(at, this.next);
    // of two that begin alike, the elder was not in sight when the younger was made, so none of its inserts had begun
    for (const bounds of rows) recorded.set(bounds.first, bounds);
    const committed = await log.committed(this.group, at);
    for (const bounds of committed === undefined ? [] : parseMetadata(committed.metadata, log.epoch)) {
      if (!recorded.has(bounds.first) || rows.some((row) => row.first === bounds.first && row.last === bounds.last)) {
        recorded.set(bounds.first, bounds);
      }
    }
    const chain: Bounds[] = [];
    for (let bounds = recorded.get(this.next); bounds !== undefined; bounds = recorded.get(bounds.last + 1)) {
      if (bounds.last >= log.head(at)) {
        throw new ProjectionStopped(
          `${name} was being projected up to offset ${String(bounds.last)}, the log ends before ${String(log.head(at))}: the log has lost its end`,
        );
      }
      chain.push(bounds);
    }
    this.toRepeat = [...chain];
    // a crash between the last done and its commit, or lost commits: whoever asks the log is told again
    if (chain.length === 0 && this.next > 0 && committed?.offset !== this.next) await this.commit();
    return { next: this.next, recorded: chain };
  }

  /** Before the first insert of a slice. One that is made again is recorded again: it may have been in one of the two places only. */
  async record(bounds: Bounds): Promise<void> {
    if (this.toRepeat[0]?.first === bounds.first) this.toRepeat.shift();
    this.underWay.push(bounds);
    await this.commit();
    await this.insertRow(bounds, false);
  }

  /** After the last insert of the oldest slice under way. */
  async done(bounds: Bounds): Promise<void> {
    if (this.underWay[0]?.first !== bounds.first) throw new Error('slices are done in order');
    // parts without a token are taken for inserts of slices that are not done, and are set aside after a power loss
    await this.tables.flushTokens();
    await this.insertRow(bounds, true);
    this.underWay.shift();
    this.next = bounds.last + 1;
  }

  /** Commits how far the tables are, and the slices under way. */
  commit(): Promise<void> {
    const committed = this.commits.then(() => {
      const slices = [...this.underWay, ...this.toRepeat].map((b) => [b.first, b.last]);
      const metadata = JSON.stringify({ epoch: this.log.epoch, slices });
      return this.log.commit(this.group, this.at, this.next, metadata);
    });
    // one that failed has told its caller; later ones are tried all the same
    this.commits = committed.catch(() => undefined);
    return committed;
  }

  private insertRow(bounds: Bounds, done: boolean): Promise<void> {
    const { topic, partition } = this.at;
    const block = nativeBlock([
      lowCardinalityColumnOf('topic', [topic]),
      numberColumn('partition', 'UInt32', Uint32Array.of(partition)),
      lowCardinalityColumnOf('epoch', [this.log.epoch]),
      integerColumn('first_offset', 'UInt64', [bounds.first]),
      integerColumn('last_offset', 'UInt64', [bounds.last]),
      numberColumn('done', 'UInt8', Uint8Array.of(Number(done))),
      timeColumn('at', [this.clock.now()]),
    ]);
    const token = sliceToken(this.log.epoch, this.at, bounds, done ? 'done' : 'recorded');
    return this.tables.insert('slices', block, token);
  }
}

/** Metadata of another epoch, or that is no longer understood, says nothing. */
function parseMetadata(metadata: string, epoch: string): Bounds[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(metadata);
  } catch {
    return [];
  }
  if (typeof parsed !== 'object' || parsed === null || !('epoch' in parsed) || parsed.epoch !== epoch) return [];
  if (!('slices' in parsed) || !Array.isArray(parsed.slices)) return [];
  return (parsed.slices as unknown[]).flatMap((pair) => {
    const [first, last] = Array.isArray(pair) ? (pair as unknown[]) : [];
    const valid = Number.isSafeInteger(first) && Number.isSafeInteger(last);
    return valid ? [{ first: first as number, last: last as number }] : [];
  });
}
