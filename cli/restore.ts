/** `runlog restore`: checks a backup and makes a data folder of it, which a server then opens like any other. */
import { cp, mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { connect } from '../clickhouse/client.js';
import { layout as clickhouseFiles } from '../clickhouse/config-files.js';
import { vouchForParts } from '../clickhouse/dedup-log.js';
import { startEmbedded } from '../clickhouse/embedded.js';
import { databaseOf, showGeneration, viewsOf } from '../clickhouse/generations.js';
import { showThrough } from '../clickhouse/migrate.js';
import { readSnapshot } from '../clickhouse/snapshot.js';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { Logger } from '../runtime/logger.js';
import { err, ok, type Result } from '../runtime/result.js';
import { backupLayout, sync, verifyBackup, type Manifest } from './backup-manifest.js';
import { dataLayout } from './layout.js';

export interface RestoreOptions {
  readonly from: string;
  /** Empty or not there. */
  readonly data: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const NAME = 'restore';

/** The folder is there as a whole or not at all; what can be expected to go wrong comes as a sentence. */
export async function restore({ from, data, clock, logger }: RestoreOptions): Promise<Result<Manifest, string>> {
  const there = await readdir(data).catch(() => []);
  if (there.length > 0) return err(`${data} is not empty: restore into a folder of its own`);
  const manifest = await verifyBackup(from);
  if (!manifest.ok) return manifest;

  const { generation } = manifest.value;
  const part = `${data}.partial-${clock.uuid().slice(0, 8)}`;
  const files = dataLayout(part);
  try {
    await mkdir(part, { recursive: true });
    const backup = backupLayout(from);
    await cp(backup.log, files.log, { recursive: true });
    await cp(backup.state, files.state, { recursive: true });
    await cp(backup.projector, files.projectorState(generation), { recursive: true });
    const filled = await restoreTables(backup.tables, files.clickhouse, generation, clock, logger);
    if (!filled.ok) return filled;
    for (const entry of await readdir(part, { recursive: true, withFileTypes: true })) {
      if (entry.isFile() || entry.isDirectory()) await sync(path.join(entry.parentPath, entry.name));
    }
    await rename(part, data);
    await sync(path.dirname(data));
    return ok(manifest.value);
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

async function restoreTables(
  from: string,
  dir: string,
  generation: number,
  clock: Clock,
  logger: Logger,
): Promise<Result<void, string>> {
  const files = clickhouseFiles(dir);
  const copy = path.join(files.backups, NAME);
  await cp(from, copy, { recursive: true });
  const started = await startEmbedded({ dir, memoryBytesMax: limits.embeddedMemoryBytesMax, clock, logger });
  if (!started.ok) return err(started.error.detail);
  const { url, writer: credentials, stop } = started.value;
  const writer = connect({ url, credentials, clock });
  try {
    await readSnapshot(writer, NAME, databaseOf(generation), { clock, signal: new AbortController().signal });
    await showThrough(writer, databaseOf(generation), { api: viewsOf(generation) });
    await showGeneration(writer, generation, { definer: credentials.user });
  } finally {
    await writer.close();
    await stop();
  }
  vouchForParts(files.tokens.store);
  await rm(copy, { recursive: true });
  return ok(undefined);
}
