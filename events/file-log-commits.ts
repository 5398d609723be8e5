/** Committed positions of the log folder: one small file per group and partition, replaced as a whole and flushed. */
import path from 'node:path';
import { z } from 'zod';
import { AppendError, type Committed } from './event-log.js';
import { writeTextDurably, type FileOps } from './file-ops.js';

const schema = z.object({ offset: z.number().int().min(0), metadata: z.string() });

export interface Commits {
  get(name: string): Committed | undefined;
  put(name: string, committed: Committed): Promise<void>;
  /** Waits for the commits under way. */
  settled(): Promise<void>;
}

export async function openCommits(ops: FileOps, dir: string): Promise<Commits> {
  await ops.makeDir(dir);
  // a rename that the last process did not live to flush is flushed before it is shown
  await ops.syncDir(dir);
  const known = new Map<string, Committed>();
  for (const name of await ops.list(dir)) {
    if (!name.endsWith('.json')) continue;
    const file = path.join(dir, name);
    const read = schema.safeParse(JSON.parse((await ops.readText(file)) ?? 'null'));
    if (!read.success) throw new Error(`${file} can not be read: it should hold offset and metadata`);
    known.set(name.slice(0, -'.json'.length), read.data);
  }
  const last = new Map<string, Promise<void>>();

  const write = async (name: string, committed: Committed): Promise<void> => {
    try {
      await writeTextDurably(ops, path.join(dir, `${name}.json`), JSON.stringify(committed));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new AppendError(`the commit could not be written: ${reason}`, true, { cause: error });
    }
    known.set(name, committed);
  };

  return {
    get: (name) => known.get(name),
    put(name, committed) {
      const before = last.get(name) ?? Promise.resolve();
      const done = before.catch(() => undefined).then(() => write(name, committed));
      last.set(name, done);
      return done;
    },
    async settled() {
      await Promise.allSettled(last.values());
    },
  };
}
