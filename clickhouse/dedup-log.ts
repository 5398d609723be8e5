/**
 * Keeps the embedded engine's memory of insert tokens true to its parts, so that a replayed insert counts exactly once.
 *
 * The engine notes a token in a log before it makes the part visible. Killed in between, it would take the replay for a duplicate
 * and the rows would be lost: before each start, tokens without a part are dropped from the log.
 * It flushes parts to the disk but not that log. After a power loss it would take the replay for new and the rows would be there
 * twice: whoever marks inserts as done calls `flush` of a token flusher before, and then, before each start, parts that are newer
 * than the log are set aside, for their inserts are not marked and will be made again.
 */
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';

/** One line of `deduplication_logs/deduplication_log_N.txt`: operation, part, block id. The last number of a file is the newest. */
interface TokenRecord {
  readonly operation: 'add' | 'drop';
  readonly part: string;
  readonly blockId: string;
}

const OPERATIONS = { add: '1', drop: '2' } as const;

interface PartName {
  readonly partition: string;
  readonly lastBlock: number;
  /** How often it was merged; 0 is what one insert wrote. */
  readonly level: number;
}

/** `partition_firstBlock_lastBlock_level` and maybe the mutation it is at; anything else (tmp_…, detached) is no part. */
export function parsePartName(name: string): PartName | undefined {
  const match = /^([^_]+)_\d+_(\d+)_(\d+)(?:_\d+)?$/.exec(name);
  if (match === null) return undefined;
  return { partition: match[1] ?? '', lastBlock: Number(match[2]), level: Number(match[3]) };
}

function parseRecord(line: string): TokenRecord | undefined {
  const [operation, part, blockId] = line.split('\t');
  if (part === undefined || blockId === undefined) return undefined;
  if (operation === OPERATIONS.add) return { operation: 'add', part, blockId };
  if (operation === OPERATIONS.drop) return { operation: 'drop', part, blockId };
  return undefined;
}

/** The highest block number of each partition. */
function lastBlocks(names: Iterable<string>): Map<string, number> {
  const last = new Map<string, number>();
  for (const text of names) {
    const name = parsePartName(text);
    if (name !== undefined) last.set(name.partition, Math.max(last.get(name.partition) ?? 0, name.lastBlock));
  }
  return last;
}

/**
 * Tokens whose part never came to be. Blocks are numbered upwards and a merged part covers the numbers of what it replaced, so a
 * token of a higher number than any part has was noted by an insert that did not finish.
 */
export function unfinishedTokens(records: readonly TokenRecord[], parts: readonly string[]): TokenRecord[] {
  const last = lastBlocks(parts);
  const remembered = new Map<string, TokenRecord>();
  for (const record of records) {
    if (record.operation === 'add') remembered.set(record.blockId, record);
    else remembered.delete(record.blockId);
  }
  return [...remembered.values()].filter((record) => {
    const name = parsePartName(record.part);
    return name !== undefined && name.lastBlock > (last.get(name.partition) ?? 0);
  });
}

/** Parts as inserts wrote them that the log does not reach: their tokens are lost. */
export function partsWithoutToken(records: readonly TokenRecord[], parts: readonly string[]): string[] {
  const last = lastBlocks(records.map((record) => record.part));
  return parts.filter((part) => {
    const name = parsePartName(part);
    return name !== undefined && name.level === 0 && name.lastBlock > (last.get(name.partition) ?? 0);
  });
}

export interface Repaired {
  readonly table: string;
  /** Parts that never came to be, whose tokens were dropped. */
  readonly forgotten: readonly string[];
  /** Parts whose tokens are lost, moved to `detached`. */
  readonly setAside: readonly string[];
}

export interface TokenLogs {
  /** The engine's folder of table data: `store/abc/abc…uuid/`. */
  readonly store: string;
  /** There when tokens are flushed before inserts are marked as done: only then is a part without a token one to be made again. */
  readonly marker: string;
}

/** Runs while no engine holds the folder. */
export function repairDedupLogs({ store, marker }: TokenLogs): Repaired[] {
  const flushed = existsSync(marker);
  return tableFolders(store).flatMap((table) => {
    const logs = logFiles(table);
    const newest = logs.at(-1);
    if (newest === undefined) return [];
    cutTornLine(newest);
    const records = logs
      .flatMap((file) => readFileSync(file, 'utf8').split('\n').map(parseRecord))
      .filter((record) => record !== undefined);
    const setAside = flushed ? partsWithoutToken(records, readdirSync(table)) : [];
    for (const part of setAside) renameSync(path.join(table, part), path.join(table, 'detached', `tokenless_${part}`));
    const unfinished = unfinishedTokens(records, readdirSync(table));
    if (unfinished.length > 0) {
      const lines = unfinished.map((record) => `${OPERATIONS.drop}\t${record.part}\t${record.blockId}\n`);
      appendFileSync(newest, lines.join(''), { flush: true });
    }
    if (unfinished.length + setAside.length === 0) return [];
    return [{ table: path.basename(table), forgotten: unfinished.map((record) => record.part), setAside }];
  });
}

/**
 * Parts that came from a backup were never inserted here and have no token. One is noted for the newest of them, so that they do
 * not pass for parts of inserts that will be made again. Runs while no engine holds the folder.
 */
export function vouchForParts(store: string): void {
  for (const table of tableFolders(store)) {
    const newest = logFiles(table).at(-1);
    if (newest === undefined) continue;
    const records = readFileSync(newest, 'utf8')
      .split('\n')
      .map(parseRecord)
      .filter((record) => record !== undefined);
    const lines = partsWithoutToken(records, readdirSync(table)).map(
      (part) => `${OPERATIONS.add}\t${part}\t${parsePartName(part)?.partition ?? ''}_restored_${part}\n`,
    );
    if (lines.length > 0) appendFileSync(newest, lines.join(''), { flush: true });
  }
}

export interface TokenFlusher {
  /** When it resolves, the tokens of all inserts that were acknowledged before the call are on the disk. */
  flush(): Promise<void>;
}

export function createTokenFlusher({ store, marker }: TokenLogs): TokenFlusher {
  writeFileSync(marker, '', { flush: true });
  const flushedBytes = new Map<string, number>();

  const flushTable = async (table: string): Promise<void> => {
    const newest = logFiles(table).at(-1);
    if (newest === undefined) return;
    const bytes = statSync(newest).size;
    const before = flushedBytes.get(newest);
    if (before === bytes) return;
    await sync(newest);
    if (before === undefined) await sync(path.dirname(newest));
    flushedBytes.set(newest, bytes);
  };

  // a table that is dropped meanwhile (an older generation, after a rebuild) has no tokens to keep
  const unlessDropped = (table: string) =>
    flushTable(table).catch((error: unknown) => {
      if (existsSync(path.join(table, 'deduplication_logs'))) throw error;
    });

  // all at once: the file system flushes them together
  return { flush: async () => void (await Promise.all(tableFolders(store).map(unlessDropped))) };
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const tableFolders = (store: string): string[] => (existsSync(store) ? folders(store).flatMap(folders) : []);

function folders(parent: string): string[] {
  try {
    const entries = readdirSync(parent, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() ? [path.join(parent, entry.name)] : []));
  } catch (error) {
    if (existsSync(parent)) throw error;
    return []; // dropped meanwhile
  }
}

/** Oldest first. */
function logFiles(table: string): string[] {
  const folder = path.join(table, 'deduplication_logs');
  if (!existsSync(folder)) return [];
  const number = (file: string) => Number(/^deduplication_log_(\d+)\.txt$/.exec(file)?.[1] ?? NaN);
  return readdirSync(folder)
    .filter((file) => !Number.isNaN(number(file)))
    .sort((a, b) => number(a) - number(b))
    .map((file) => path.join(folder, file));
}

/** After a power loss the last line can be half there; the engine would refuse to load the table. */
function cutTornLine(file: string): void {
  const bytes = readFileSync(file);
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end < bytes.length) truncateSync(file, end);
}
