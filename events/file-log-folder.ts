/** The folder of a log: log.json says which epoch it is and how many partitions it has; both are fixed when it is made. */
import path from 'node:path';
import { z } from 'zod';
import { limits } from '../runtime/limits.js';
import { writeTextDurably, type FileOps } from './file-ops.js';

const VERSION = 1;

const schema = z.object({
  version: z.literal(VERSION),
  epoch: z.string().regex(/^[0-9a-z]{1,32}$/),
  metricsPartitions: z.number().int().min(1).max(limits.logPartitionsMax),
});

export type LogFolder = z.infer<typeof schema>;

/** Reads log.json; undefined when the folder holds no log. Throws one sentence when it can not be used. */
export async function readFolder(ops: FileOps, dir: string): Promise<LogFolder | undefined> {
  const file = path.join(dir, 'log.json');
  const text = await ops.readText(file);
  if (text === undefined) {
    const partitions = (await ops.list(dir)).filter((name) => /^(control|metrics)-\d+$/.test(name));
    if (partitions.length > 0) throw new Error(`${file} is missing, but there are partitions beside it`);
    return undefined;
  }
  const json = parsed(text);
  const folder = schema.safeParse(json);
  if (folder.success) return folder.data;
  const version = z
    .object({
      version: z
        .number()
        .int()
        .min(VERSION + 1),
    })
    .safeParse(json);
  if (version.success) throw new Error(`the log in ${dir} was written by a later version of Runlog`);
  throw new Error(`${file} can not be read: it should hold version, epoch and metricsPartitions`);
}

/** The folder as it is, or a new one. */
export async function openFolder(
  ops: FileOps,
  dir: string,
  metricsPartitions: number,
  epoch: string,
): Promise<LogFolder> {
  const found = await readFolder(ops, dir);
  if (found !== undefined) {
    if (found.metricsPartitions === metricsPartitions) return found;
    throw new Error(
      `the log in ${dir} has ${String(found.metricsPartitions)} metrics partitions, not ${String(metricsPartitions)}`,
    );
  }
  const made: LogFolder = { version: VERSION, epoch, metricsPartitions };
  await writeTextDurably(ops, path.join(dir, 'log.json'), JSON.stringify(made));
  return made;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
