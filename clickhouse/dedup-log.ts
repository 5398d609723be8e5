/**
 * Repairs the engine's memory of insert tokens after a kill. The engine notes a token before it makes the part visible: killed in
 * between, it would take the replayed insert for a duplicate and the rows would be lost. Runs while no engine holds the folder.
 */
import { appendFileSync, existsSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
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
}

/** `partition_firstBlock_lastBlock_level` and maybe the mutation it is at; anything else (tmp_…, detached) is no part. */
export function parsePartName(name: string): PartName | undefined {
  const match = /^([^_]+)_\d+_(\d+)_\d+(?:_\d+)?$/.exec(name);
  return match === null ? undefined : { partition: match[1] ?? '', lastBlock: Number(match[2]) };
}

function parseRecord(line: string): TokenRecord | undefined {
  const [operation, part, blockId] = line.split('\t');
  if (part === undefined || blockId === undefined) return undefined;
  if (operation === OPERATIONS.add) return { operation: 'add', part, blockId };
  if (operation === OPERATIONS.drop) return { operation: 'drop', part, blockId };
  return undefined;
}

/**
 * Tokens whose part never came to be. Blocks are numbered upwards and a merged part covers the numbers of what it replaced, so a
 * token of a higher number than any part has was noted by an insert that did not finish.
 */
export function unfinishedTokens(records: readonly TokenRecord[], parts: readonly string[]): TokenRecord[] {
  const lastBlocks = new Map<string, number>();
  for (const part of parts) {
    const name = parsePartName(part);
    if (name !== undefined)
      lastBlocks.set(name.partition, Math.max(lastBlocks.get(name.partition) ?? 0, name.lastBlock));
  }
  const remembered = new Map<string, TokenRecord>();
  for (const record of records) {
    if (record.operation === 'add') remembered.set(record.blockId, record);
    else remembered.delete(record.blockId);
  }
  return [...remembered.values()].filter((record) => {
    const name = parsePartName(record.part);
    return name !== undefined && name.lastBlock > (lastBlocks.get(name.partition) ?? 0);
  });
}

export interface Repaired {
  readonly table: string;
  readonly forgotten: readonly string[];
}

/** `store` is the engine's folder of table data: `store/abc/abc…uuid/`. Says what it made the engine forget. */
export function repairDedupLogs(store: string): Repaired[] {
  if (!existsSync(store)) return [];
  const tables = folders(store).flatMap(folders);
  return tables.flatMap((table) => {
    const logs = logFiles(path.join(table, 'deduplication_logs'));
    const newest = logs.at(-1);
    if (newest === undefined) return [];
    cutTornLine(newest);
    const records = logs
      .flatMap((file) => readFileSync(file, 'utf8').split('\n').map(parseRecord))
      .filter((r) => r !== undefined);
    const unfinished = unfinishedTokens(records, readdirSync(table));
    if (unfinished.length === 0) return [];
    appendFileSync(newest, unfinished.map((r) => `${OPERATIONS.drop}\t${r.part}\t${r.blockId}\n`).join(''), {
      flush: true,
    });
    return [{ table: path.basename(table), forgotten: unfinished.map((r) => r.part) }];
  });
}

const folders = (parent: string): string[] =>
  readdirSync(parent, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [path.join(parent, entry.name)] : [],
  );

function logFiles(folder: string): string[] {
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
