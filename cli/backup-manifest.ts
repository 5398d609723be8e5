/** What a backup says about itself: at which position of which log it is, and every file with its size and checksum. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { err, ok, type Result } from '../runtime/result.js';

const FORMAT = 1;
export const MANIFEST = 'manifest.json';

/** Folders of a backup. */
export const backupLayout = (dir: string) => ({
  manifest: path.join(dir, MANIFEST),
  log: path.join(dir, 'log'),
  state: path.join(dir, 'state'),
  projector: path.join(dir, 'projector'),
  tables: path.join(dir, 'tables'),
});

const schema = z.object({
  format: z.literal(FORMAT),
  /** The version of Runlog that made it. */
  runlog: z.string(),
  /** ms since the epoch. */
  createdAt: z.number().int(),
  epoch: z.string(),
  /** Everything up to here is in the log of the backup, and nothing else. */
  position: z.string(),
  /** How far the tables of the backup are; the log has the rest. */
  tablesPosition: z.string(),
  /** Generation of the tables. */
  generation: z.number().int().min(1),
  files: z.array(
    z.object({
      /** Below the folder, with `/`. */
      path: z.string().regex(/^(log|state|projector|tables)\/(?!.*\.\.)/),
      bytes: z.number().int().min(0),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});

export type Manifest = z.infer<typeof schema>;
export type ManifestFile = Manifest['files'][number];

export const createManifest = (about: Omit<Manifest, 'format'>): Manifest => ({ format: FORMAT, ...about });

/** Reads the manifest and checks every file against it. What is wrong comes as one sentence. */
export async function verifyBackup(dir: string): Promise<Result<Manifest, string>> {
  const manifest = await readManifest(dir);
  if (!manifest.ok) return manifest;
  for (const file of manifest.value.files) {
    const name = path.join(dir, file.path);
    const found = await stat(name).catch(() => undefined);
    if (found === undefined) return err(`the backup in ${dir} is damaged: ${file.path} is missing`);
    if (found.size !== file.bytes) {
      return err(
        `the backup in ${dir} is damaged: ${file.path} has ${String(found.size)} bytes instead of ${String(file.bytes)}`,
      );
    }
    if ((await checksum(name)) !== file.sha256) {
      return err(`the backup in ${dir} is damaged: the content of ${file.path} has changed`);
    }
  }
  return manifest;
}

async function readManifest(dir: string): Promise<Result<Manifest, string>> {
  const text = await readFile(backupLayout(dir).manifest, 'utf8').catch(() => undefined);
  if (text === undefined) return err(`${dir} is no complete backup: it has no ${MANIFEST}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return err(`the backup in ${dir} is damaged: ${MANIFEST} is no JSON`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return ok(parsed.data);
  const later = z.object({ format: z.number().min(FORMAT + 1) }).safeParse(json).success;
  if (later) return err(`the backup in ${dir} was made by a later version of Runlog: restore it with that version`);
  const field = parsed.error.issues[0]?.path.join('.') ?? '';
  return err(`the backup in ${dir} is damaged: ${MANIFEST} is not as it was written (${field})`);
}

/** Makes every file below `dir` durable and gives its size and checksum, ordered by path. */
export async function sealFiles(dir: string, signal: AbortSignal): Promise<ManifestFile[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const sealed: ManifestFile[] = [];
  for (const entry of entries) {
    signal.throwIfAborted();
    const name = path.join(entry.parentPath, entry.name);
    await sync(name);
    if (!entry.isFile()) continue;
    const { size } = await stat(name);
    const below = path.relative(dir, name).split(path.sep).join('/');
    sealed.push({ path: below, bytes: size, sha256: await checksum(name) });
  }
  await sync(dir);
  return sealed.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Flushes a file or folder to the disk. */
export async function sync(name: string): Promise<void> {
  const handle = await open(name, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function checksum(name: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(name)) hash.update(part as Buffer);
  return hash.digest('hex');
}
