/**
 * Backup of a running server: log, tables and state in one folder, at one position, while writers go on.
 *
 * The tables are taken first, at the end of a slice: their projector stands still for the moment that it takes to clone them. State
 * and log are taken after, so that whatever the tables or the state have is in the log; what the log has beyond the tables,
 * the projector of the restored folder adds. The folder gets its name when everything in it is durable.
 */
import { randomUUID } from 'node:crypto';
import { cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { databaseOf, spaceOf } from '../clickhouse/generations.js';
import { dropSnapshot, takeSnapshot, unfinishedSlices, writeSnapshot } from '../clickhouse/snapshot.js';
import type { Tables } from '../clickhouse/tables.js';
import { copyLog } from '../events/copy-log.js';
import type { EventLogReader } from '../events/event-log.js';
import { emptyPosition, formatPosition, type Position } from '../events/position.js';
import { bytesBeyond, headsOf, type TablesHost } from '../projector/tables-host.js';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { Logger } from '../runtime/logger.js';
import { Problem } from '../runtime/problem.js';
import type { LmdbStore } from '../state/lmdb-store.js';
import { backupLayout, createManifest, sealFiles, sync } from './backup-manifest.js';
import { freeBytesOf } from './instance.js';
import { dataLayout } from './layout.js';

export type BackupPhase = 'none' | 'tables' | 'state' | 'log' | 'files' | 'checksums' | 'done' | 'failed';

export interface BackupStatus {
  readonly phase: BackupPhase;
  readonly to: string | null;
  /** ms since the epoch. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Bytes of the log that were copied, and that will be. */
  readonly bytes: number;
  readonly totalBytes: number;
  /** What the backup includes; null until it is known. */
  readonly position: string | null;
  /** Why there is no backup. */
  readonly error: string | null;
}

export interface BackupDeps {
  readonly data: string;
  readonly version: string;
  /** Where ClickHouse puts what it backs up; undefined where its files are not at hand. */
  readonly clickhouseBackups: string | undefined;
  readonly writer: Tables;
  readonly log: EventLogReader;
  readonly store: Pick<LmdbStore, 'copyTo'>;
  readonly host: TablesHost;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Backup {
  status(): BackupStatus;
  isRunning(): boolean;
  /** Begins one into a folder that is empty or not there. Throws a Problem when it cannot begin. */
  begin(to: string): Promise<BackupStatus>;
  /** Gives up one that is under way. */
  stop(): Promise<void>;
}

const NOTHING: BackupStatus = {
  phase: 'none',
  ...{ to: null, startedAt: null, endedAt: null, bytes: 0, totalBytes: 0, position: null, error: null },
};

/** ClickHouse's name for it; one at a time. */
export const CLICKHOUSE_NAME = 'runlog';

export function createBackup(deps: BackupDeps): Backup {
  const { data, log, host, writer, clock, logger } = deps;
  const stopping = new AbortController();
  const { signal } = stopping;
  const ofClickHouse = path.join(deps.clickhouseBackups ?? '', CLICKHOUSE_NAME);
  let status = NOTHING;
  let running: Promise<void> | undefined;
  const set = (change: Partial<BackupStatus>) => (status = { ...status, ...change });

  /** The tables and what their projector remembers, at the end of a slice. */
  async function takeTables(part: string): Promise<{ generation: number; reached: Position }> {
    set({ phase: 'tables' });
    await host.pause();
    try {
      const { generation } = host;
      const unfinished = await unfinishedSlices(writer, databaseOf(generation));
      if (unfinished > 0) throw new Error('the projector is in the middle of a slice and does not get on: try again');
      await takeSnapshot(writer, databaseOf(generation));
      await cp(dataLayout(data).projectorState(generation), backupLayout(part).projector, { recursive: true });
      return { generation, reached: host.reached() };
    } finally {
      await host.resume();
    }
  }

  async function makeParts(part: string) {
    const { generation, reached } = await takeTables(part);
    set({ phase: 'state' });
    await deps.store.copyTo(backupLayout(part).state);
    const position = headsOf(log);
    const totalBytes = bytesBeyond(log, emptyPosition(log.epoch)) - bytesBeyond(log, position);
    set({ phase: 'log', position: formatPosition(position), totalBytes });
    const onBytes = (more: number) => void set({ bytes: status.bytes + more });
    await copyLog(log, backupLayout(part).log, position, { clock, signal, onBytes });
    set({ phase: 'files' });
    await rm(ofClickHouse, { recursive: true, force: true });
    await writeSnapshot(writer, CLICKHOUSE_NAME, { clock, signal });
    await moveFolder(ofClickHouse, backupLayout(part).tables);
    return { generation, reached, position };
  }

  async function run(to: string, part: string): Promise<void> {
    try {
      const { generation, reached, position } = await makeParts(part);
      set({ phase: 'checksums' });
      // locks of the copies mean nothing
      for (const name of ['state', 'projector']) await rm(path.join(part, name, 'lock.mdb'), { force: true });
      const manifest = createManifest({
        runlog: deps.version,
        createdAt: clock.now(),
        epoch: log.epoch,
        position: formatPosition(position),
        tablesPosition: formatPosition(reached),
        generation,
        files: await sealFiles(part, signal),
      });
      await writeFile(backupLayout(part).manifest, JSON.stringify(manifest, undefined, 1), { flush: true });
      await sync(part);
      await rename(part, to);
      await sync(path.dirname(to));
      set({ phase: 'done' });
      logger.info({ to, position: manifest.position }, 'a backup was made');
    } catch (error) {
      const detail = signal.aborted ? 'the server was stopped' : error instanceof Error ? error.message : String(error);
      set({ phase: 'failed', error: detail });
      logger.error({ to, detail }, 'no backup was made');
    } finally {
      set({ endedAt: clock.now() });
      await rm(part, { recursive: true, force: true });
      await rm(ofClickHouse, { recursive: true, force: true });
      await dropSnapshot(writer);
    }
  }

  return {
    status: () => status,
    isRunning: () => running !== undefined,
    async begin(to) {
      if (signal.aborted) throw new Problem('unavailable', 'the server is being stopped');
      if (running !== undefined) throw new Problem('conflict', 'a backup is under way already');
      const beginning = begin(to);
      running = beginning.then(
        () => undefined,
        () => undefined,
      );
      try {
        const part = await beginning;
        set({ ...NOTHING, phase: 'tables', to, startedAt: clock.now() });
        running = run(to, part)
          .catch((error: unknown) => logger.error({ detail: String(error) }, 'what a backup left could not be removed'))
          .finally(() => (running = undefined));
        return status;
      } catch (error) {
        running = undefined;
        throw error;
      }
    },
    async stop() {
      stopping.abort();
      while (running !== undefined) await running;
    },
  };

  /** Makes the folder that everything is gathered in, beside the one that it becomes. */
  async function begin(to: string): Promise<string> {
    if (deps.clickhouseBackups === undefined) {
      const detail =
        'these tables are on a ClickHouse server of your own: back them up with its BACKUP, and the log with the brokers’ means';
      throw new Problem('conflict', detail);
    }
    if (!path.isAbsolute(to)) throw new Problem('invalid_request', 'to must be an absolute path', { field: 'to' });
    const there = await readdir(to).catch((error: unknown) => missing(error));
    if (there !== undefined && there.length > 0) {
      throw new Problem('conflict', `${to} is not empty: a backup needs a folder of its own`, { field: 'to' });
    }
    const part = `${to}.partial-${randomUUID().slice(0, 8)}`;
    try {
      await mkdir(part, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new Problem('conflict', `${to} cannot be made: ${String(error)}`, { field: 'to' });
    }
    try {
      await checkRoom(part);
    } catch (error) {
      await rm(part, { recursive: true });
      throw error;
    }
    return part;
  }

  async function checkRoom(part: string): Promise<void> {
    const { tablesBytes, freeBytes } = await spaceOf(writer, host.generation);
    const needed = tablesBytes + bytesBeyond(log, emptyPosition(log.epoch)) + limits.rebuildSpareBytes;
    const free = Math.min(await freeBytesOf(part), freeBytes);
    if (free >= needed) return;
    const mb = (bytes: number) => `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;
    throw new Problem('conflict', `a backup needs about ${mb(needed)}, and ${mb(free)} are free`, { field: 'disk' });
  }
}

function missing(error: unknown): undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return undefined;
  throw new Problem('conflict', `the folder cannot be used: ${String(error)}`, { field: 'to' });
}

/** Also to another disk. */
async function moveFolder(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch {
    await cp(from, to, { recursive: true });
    await rm(from, { recursive: true });
  }
}
