/** What answers remember while the tables stand still: dropped as a whole when their position moves, never shared by workspaces. */
import { formatPosition } from '../events/position.js';
import type { PositionBoard } from '../events/position-board.js';

export interface MemoryOptions<T> {
  /** Says where the tables are; what was remembered elsewhere is forgotten. */
  readonly mark: () => string;
  readonly entriesMax: number;
  readonly bytesMax: number;
  /** Roughly what an entry takes. */
  readonly bytesOf: (value: T) => number;
}

export interface Memory<T> {
  /**
   * What is known of `names`, by name; `read` is asked for the others, and what it finds is remembered, as long as the tables are
   * where they were before it was asked. Names that it does not give stay unknown.
   */
  through(
    workspace: string,
    names: readonly string[],
    read: (missing: readonly string[]) => Promise<ReadonlyMap<string, T>>,
  ): Promise<Map<string, T>>;
  /** What is known of all `names`, or nothing. */
  known(workspace: string, names: readonly string[]): Map<string, T> | undefined;
}

/** For what points change. */
export const positionMark = (board: PositionBoard) => () => formatPosition(board.reached());

/** For what only control facts change. */
export const controlMark = (board: PositionBoard) => () => {
  const { epoch, control } = board.reached();
  return `${epoch}.${String(control)}`;
};

export function createMemory<T>({ mark, entriesMax, bytesMax, bytesOf }: MemoryOptions<T>): Memory<T> {
  const entries = new Map<string, { readonly value: T; readonly bytes: number }>();
  let bytes = 0;
  let at = '';

  const here = (): string => {
    const now = mark();
    if (now !== at) {
      entries.clear();
      bytes = 0;
      at = now;
    }
    return now;
  };
  // with its length before it, no workspace and name read like another workspace and name
  const key = (workspace: string, name: string) => `${String(workspace.length)}:${workspace}${name}`;

  const forget = (name: string) => {
    bytes -= entries.get(name)?.bytes ?? 0;
    entries.delete(name);
  };
  const remember = (name: string, value: T) => {
    const size = 2 * name.length + bytesOf(value);
    if (size > bytesMax) return;
    forget(name);
    entries.set(name, { value, bytes: size });
    bytes += size;
    for (const oldest of entries.keys()) {
      if (entries.size <= entriesMax && bytes <= bytesMax) return;
      forget(oldest);
    }
  };

  return {
    async through(workspace, names, read) {
      const before = here();
      const found = new Map<string, T>();
      const missing: string[] = [];
      for (const name of names) {
        const entry = entries.get(key(workspace, name));
        if (entry === undefined) missing.push(name);
        else found.set(name, entry.value);
      }
      if (missing.length === 0) return found;
      const fresh = await read(missing);
      const isStill = here() === before;
      for (const [name, value] of fresh) {
        found.set(name, value);
        if (isStill) remember(key(workspace, name), value);
      }
      return found;
    },
    known(workspace, names) {
      here();
      const found = new Map<string, T>();
      for (const name of names) {
        const entry = entries.get(key(workspace, name));
        if (entry === undefined) return undefined;
        found.set(name, entry.value);
      }
      return found;
    },
  };
}
