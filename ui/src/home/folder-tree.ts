/** Experiments as folders: names split at `/`, each folder with the sums of what lies under it. Pure. */

export interface Leaf {
  readonly name: string;
  readonly runs: number;
  readonly running: number;
  readonly lastStartedAt: number | null;
}

export interface TreeRow<T extends Leaf> {
  /** Full path: the experiment's name, or the folder's without a slash at the end. */
  readonly path: string;
  /** Last part of the path. */
  readonly label: string;
  readonly depth: number;
  /** The experiment of that name, when there is one: a folder may be one too. */
  readonly experiment: T | undefined;
  readonly folder: boolean;
  readonly open: boolean;
  readonly runs: number;
  readonly running: number;
  readonly lastStartedAt: number | null;
}

interface Node<T> {
  readonly path: string;
  readonly label: string;
  experiment: T | undefined;
  readonly children: Map<string, Node<T>>;
}

/** Rows from top to bottom, folders first, without what lies in closed folders. */
export function folderRows<T extends Leaf>(experiments: readonly T[], closed: ReadonlySet<string>): TreeRow<T>[] {
  const root: Node<T> = { path: '', label: '', experiment: undefined, children: new Map() };
  for (const experiment of experiments) {
    let node = root;
    for (const label of experiment.name.split('/')) {
      const path = node === root ? label : `${node.path}/${label}`;
      let child = node.children.get(label);
      if (child === undefined) {
        child = { path, label, experiment: undefined, children: new Map() };
        node.children.set(label, child);
      }
      node = child;
    }
    node.experiment = experiment;
  }
  return [...root.children.values()].sort(byFolderThenName).flatMap((node) => walk(node, 0, closed).rows);
}

interface Walked<T extends Leaf> {
  readonly rows: TreeRow<T>[];
  readonly sum: Pick<Leaf, 'runs' | 'running' | 'lastStartedAt'>;
}

function walk<T extends Leaf>(node: Node<T>, depth: number, closed: ReadonlySet<string>): Walked<T> {
  const below = [...node.children.values()].sort(byFolderThenName).map((child) => walk(child, depth + 1, closed));
  const parts = below.map((walked) => walked.sum).concat(node.experiment ?? []);
  const starts = parts.flatMap((part) => part.lastStartedAt ?? []);
  const sum = {
    runs: parts.reduce((total, part) => total + part.runs, 0),
    running: parts.reduce((total, part) => total + part.running, 0),
    lastStartedAt: starts.length === 0 ? null : Math.max(...starts),
  };
  const folder = below.length > 0;
  const open = folder && !closed.has(node.path);
  const { path, label, experiment } = node;
  const row = { path, label, depth, experiment, folder, open, ...sum };
  return { rows: open ? [row, ...below.flatMap((walked) => walked.rows)] : [row], sum };
}

const byFolderThenName = (a: Node<unknown>, b: Node<unknown>): number =>
  Number(b.children.size > 0) - Number(a.children.size > 0) || a.label.localeCompare(b.label, 'en', { numeric: true });
