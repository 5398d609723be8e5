/**
 * A disk in memory that knows what is durable: a write counts after the file's fdatasync, a name after its directory's sync.
 * Tests hook its operations to wait, to fail or to count, and take the power away.
 */
import path from 'node:path';
import type { FileOps, LogFile } from '../events/file-ops.js';

export type OperationKind =
  'open' | 'create' | 'write' | 'read' | 'fdatasync' | 'truncate' | 'rename' | 'link' | 'remove' | 'syncDir';

export interface Operation {
  readonly kind: OperationKind;
  readonly file: string;
}

/** Thrown by a hook: the operation fails with this code; a write first puts `written` bytes onto the disk. */
export class DiskFault extends Error {
  constructor(
    readonly code: string,
    readonly written = 0,
  ) {
    super(`${code}: the test says so`);
  }
}

interface Change {
  readonly at: number;
  /** Undefined for a truncation to `at` bytes. */
  readonly bytes: Uint8Array | undefined;
}

interface Inode {
  content: Buffer;
  durable: Buffer;
  /** What happened since the last sync, in order. */
  pending: Change[];
}

type Names = Map<string, Inode>;

function changed(content: Buffer, change: Change): Buffer {
  const { at, bytes } = change;
  if (bytes === undefined) {
    return at <= content.length ? content.subarray(0, at) : Buffer.concat([content, Buffer.alloc(at - content.length)]);
  }
  const grown = Buffer.alloc(Math.max(content.length, at + bytes.length));
  grown.set(content);
  grown.set(bytes, at);
  return grown;
}

/** Some of the bytes: the first of them, or all with a hole of zeros. */
function tornOf(bytes: Uint8Array, random: () => number): Uint8Array {
  const from = Math.floor(random() * bytes.length);
  if (random() < 0.5) return bytes.subarray(0, from);
  return Uint8Array.from(bytes).fill(0, from, from + 1 + Math.floor(random() * (bytes.length - from)));
}

const errno = (code: string, file: string) => Object.assign(new Error(`${code}: ${file}`), { code });

export class FakeDisk implements FileOps {
  /** Runs before every operation. */
  hook: (operation: Operation) => void | Promise<void> = () => undefined;
  readonly operations: Operation[] = [];
  private unsyncedNames: { readonly dir: string; readonly apply: (names: Names) => void }[] = [];

  constructor(
    private readonly names: Names = new Map(),
    private readonly durableNames: Names = new Map(),
  ) {}

  count(kind: OperationKind, within = ''): number {
    return this.operations.filter((operation) => operation.kind === kind && operation.file.includes(within)).length;
  }

  files(within = ''): string[] {
    return [...this.names.keys()].filter((file) => file.includes(within)).sort();
  }

  bytes(file: string): Buffer {
    return this.inode(file).content;
  }

  /** Puts bytes in place as if they had always been there. */
  put(file: string, bytes: Uint8Array): void {
    const inode = { content: Buffer.from(bytes), durable: Buffer.from(bytes), pending: [] };
    this.names.set(file, inode);
    this.durableNames.set(file, inode);
  }

  /**
   * The disk as the next start finds it: what was synced is there; of what was not, any part. The lock is gone, for the
   * process that took it stands for one that is.
   */
  afterPowerLoss(random: () => number): FakeDisk {
    const found: Names = new Map(this.durableNames);
    const kept = Math.floor(random() * (this.unsyncedNames.length + 1));
    for (const { apply } of this.unsyncedNames.slice(0, kept)) apply(found);
    const disk = new FakeDisk();
    for (const [file, inode] of found) {
      if (file.endsWith('LOCK')) continue;
      let content = inode.durable;
      for (const change of inode.pending) {
        if (random() < 0.3) continue;
        const torn = change.bytes === undefined || random() < 0.5 ? change.bytes : tornOf(change.bytes, random);
        content = changed(content, { at: change.at, bytes: torn });
      }
      disk.put(file, content);
    }
    return disk;
  }

  /** The disk as a process finds it that starts after another was killed: all writes are there, synced or not. */
  afterKill(): FakeDisk {
    this.hook = () => undefined;
    for (const file of this.files('LOCK')) this.names.delete(file);
    return this;
  }

  async open(file: string, mode: 'read' | 'update' | 'create'): Promise<LogFile> {
    await this.step(mode === 'create' ? 'create' : 'open', file);
    if (mode === 'create') {
      const known = this.names.get(file);
      if (known === undefined) {
        const inode: Inode = { content: Buffer.alloc(0), durable: Buffer.alloc(0), pending: [] };
        this.rename_(file, (names) => names.set(file, inode));
      } else this.change(known, { at: 0, bytes: undefined });
    }
    return this.opened(file, this.inode(file));
  }

  async list(dir: string): Promise<string[]> {
    await this.step('open', dir);
    const below = this.files().filter((file) => file.startsWith(`${dir}/`));
    return [...new Set(below.map((file) => file.slice(dir.length + 1).split('/')[0] ?? ''))];
  }

  async makeDir(): Promise<void> {
    await Promise.resolve();
  }

  async readText(file: string): Promise<string | undefined> {
    await this.step('read', file);
    return this.names.get(file)?.content.toString('utf8');
  }

  async rename(from: string, to: string): Promise<void> {
    await this.step('rename', to);
    const inode = this.inode(from);
    this.rename_(to, (names) => {
      names.delete(from);
      names.set(to, inode);
    });
  }

  async link(existing: string, added: string): Promise<void> {
    await this.step('link', added);
    if (this.names.has(added)) throw errno('EEXIST', added);
    const inode = this.inode(existing);
    this.rename_(added, (names) => names.set(added, inode));
  }

  async remove(file: string): Promise<void> {
    await this.step('remove', file);
    this.rename_(file, (names) => names.delete(file));
  }

  async syncDir(dir: string): Promise<void> {
    await this.step('syncDir', dir);
    for (const { dir: changedDir, apply } of this.unsyncedNames) if (changedDir === dir) apply(this.durableNames);
    this.unsyncedNames = this.unsyncedNames.filter((change) => change.dir !== dir);
  }

  private async step(kind: OperationKind, file: string): Promise<void> {
    const operation = { kind, file };
    await this.hook(operation);
    this.operations.push(operation);
  }

  private inode(file: string): Inode {
    const inode = this.names.get(file);
    if (inode === undefined) throw errno('ENOENT', file);
    return inode;
  }

  private rename_(file: string, apply: (names: Names) => void): void {
    apply(this.names);
    this.unsyncedNames.push({ dir: path.dirname(file), apply });
  }

  private change(inode: Inode, change: Change): void {
    inode.content = changed(inode.content, change);
    inode.pending.push(change);
  }

  private opened(file: string, inode: Inode): LogFile {
    return {
      write: async (buffers, position) => {
        const bytes = Buffer.concat(buffers);
        try {
          await this.step('write', file);
        } catch (error) {
          if (error instanceof DiskFault) this.change(inode, { at: position, bytes: bytes.subarray(0, error.written) });
          throw error;
        }
        this.change(inode, { at: position, bytes });
      },
      read: async (target, position) => {
        await this.step('read', file);
        const part = inode.content.subarray(position, position + target.length);
        target.set(part);
        return part.length;
      },
      fdatasync: async () => {
        const { pending } = inode;
        try {
          await this.step('fdatasync', file);
        } catch (error) {
          // as kernels do it: the pages are dropped from what is to be written, and the next flush says that all is well
          if (error instanceof DiskFault) inode.pending = [];
          throw error;
        }
        for (const change of pending) inode.durable = changed(inode.durable, change);
        inode.pending = inode.pending.filter((change) => !pending.includes(change));
      },
      truncate: async (bytes) => {
        await this.step('truncate', file);
        this.change(inode, { at: bytes, bytes: undefined });
      },
      size: () => Promise.resolve(inode.content.length),
      close: () => Promise.resolve(),
    };
  }
}
