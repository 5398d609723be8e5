/** The file operations that the log folder needs, as an interface: tests put a shim in between that counts, delays, fails or loses power. */
import fs from 'node:fs';
import path from 'node:path';

export interface LogFile {
  /** Writes all of the buffers, one after another, from `position` on. When it throws, any part may have been written. */
  write(buffers: readonly Uint8Array[], position: number): Promise<void>;
  /** Fills `target` from `position` on; gives the number of bytes read, fewer only at the end of the file. */
  read(target: Uint8Array, position: number): Promise<number>;
  fdatasync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

export interface FileOps {
  /** `read` and `update` take a file that exists, `create` makes it or empties it. */
  open(file: string, mode: 'read' | 'update' | 'create'): Promise<LogFile>;
  /** Names in a directory, [] when there is none. */
  list(dir: string): Promise<string[]>;
  makeDir(dir: string): Promise<void>;
  /** The text of a file, undefined when there is none. */
  readText(file: string): Promise<string | undefined>;
  rename(from: string, to: string): Promise<void>;
  /** A second name for a file; throws EEXIST when the name is taken. */
  link(existing: string, added: string): Promise<void>;
  /** Removes a file; does nothing when there is none. */
  remove(file: string): Promise<void>;
  /** Makes created, renamed and removed names durable. */
  syncDir(dir: string): Promise<void>;
}

export const isErrno = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/** A callback API as a promise. */
const call = <T>(start: (done: (error: Error | null, value?: T) => void) => void): Promise<T> =>
  new Promise((resolve, reject) => {
    start((error, value) => {
      if (error === null) resolve(value as T);
      else reject(error);
    });
  });

function openedFile(fd: number): LogFile {
  return {
    async write(buffers, position) {
      let rest = [...buffers];
      let at = position;
      while (rest.length > 0) {
        const written = await call<number>((done) => {
          fs.writev(fd, rest, at, done);
        });
        at += written;
        rest = withoutFirst(rest, written);
      }
    },
    async read(target, position) {
      let filled = 0;
      while (filled < target.length) {
        const count = await call<number>((done) => {
          fs.read(fd, target, filled, target.length - filled, position + filled, done);
        });
        if (count === 0) break;
        filled += count;
      }
      return filled;
    },
    fdatasync: () =>
      call((done) => {
        fs.fdatasync(fd, done);
      }),
    truncate: (bytes) =>
      call((done) => {
        fs.ftruncate(fd, bytes, done);
      }),
    size: async () =>
      (
        await call<fs.Stats>((done) => {
          fs.fstat(fd, done);
        })
      ).size,
    close: () =>
      call((done) => {
        fs.close(fd, done);
      }),
  };
}

function withoutFirst(buffers: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = bytes;
  for (const buffer of buffers) {
    if (skip >= buffer.length) skip -= buffer.length;
    else {
      rest.push(buffer.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}

const FLAGS = { read: 'r', update: 'r+', create: 'w+' } as const;

export const realFileOps: FileOps = {
  open: async (file, mode) =>
    openedFile(
      await call<number>((done) => {
        fs.open(file, FLAGS[mode], 0o640, done);
      }),
    ),
  async list(dir) {
    try {
      return await fs.promises.readdir(dir);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    }
  },
  async makeDir(dir) {
    await fs.promises.mkdir(dir, { recursive: true });
  },
  async readText(file) {
    try {
      return await fs.promises.readFile(file, 'utf8');
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  },
  rename: (from, to) => fs.promises.rename(from, to),
  link: (existing, added) => fs.promises.link(existing, added),
  remove: (file) => fs.promises.rm(file, { force: true }),
  async syncDir(dir) {
    const handle = await fs.promises.open(dir, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

/** Puts a small file in place, whole and durable: it is written beside, flushed and renamed. */
export async function writeTextDurably(ops: FileOps, file: string, text: string): Promise<void> {
  const beside = `${file}.tmp`;
  const opened = await ops.open(beside, 'create');
  try {
    await opened.write([Buffer.from(text, 'utf8')], 0);
    await opened.fdatasync();
  } finally {
    await opened.close();
  }
  await ops.rename(beside, file);
  await ops.syncDir(path.dirname(file));
}
