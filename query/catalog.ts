/**
 * What answers need to know of a workspace as a whole: its experiments, and whether any run was rewound or forked. It changes with
 * control facts only, so it is read again when the tables have passed more of the control log, or when it has grown old.
 */
import type { Cell } from '../clickhouse/tables.js';
import { limits } from '../runtime/limits.js';
import type { QueryDeps } from './deps.js';

export interface Experiment {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly deleted: boolean;
}

export interface Workspace {
  /** By id, in byte order of their names. */
  readonly experiments: ReadonlyMap<string, Experiment>;
  readonly anyDeleted: boolean;
  /** Whether any run has segments: was rewound or forked. */
  readonly forks: boolean;
}

export interface Catalog {
  of(workspace: string): Promise<Workspace>;
  /** Reads it again now: somebody met an experiment that is not in it. */
  reread(workspace: string): Promise<Workspace>;
}

interface Entry {
  readonly control: number;
  readonly readAtMs: number;
  readonly content: Promise<Workspace>;
}

export function createCatalog(deps: Pick<QueryDeps, 'tables' | 'database' | 'board' | 'clock'>): Catalog {
  const entries = new Map<string, Entry>();

  const reread = (workspace: string): Promise<Workspace> => {
    const content = read(deps, workspace);
    const entry = { control: deps.board.reached().control, readAtMs: deps.clock.monotonic(), content };
    entries.delete(workspace);
    entries.set(workspace, entry);
    if (entries.size > limits.catalogWorkspacesMax) entries.delete(entries.keys().next().value ?? '');
    content.catch(() => {
      if (entries.get(workspace) === entry) entries.delete(workspace);
    });
    return content;
  };

  return {
    reread,
    of(workspace) {
      const known = entries.get(workspace);
      const isFresh =
        known !== undefined &&
        known.control === deps.board.reached().control &&
        deps.clock.monotonic() - known.readAtMs < limits.catalogAgeMsMax;
      return isFresh ? known.content : reread(workspace);
    },
  };
}

async function read(
  { tables, database }: Pick<QueryDeps, 'tables' | 'database'>,
  workspace: string,
): Promise<Workspace> {
  const { rows, columns } = await tables.queryColumns(
    `SELECT toString(experiment) AS id, name, toUnixTimestamp64Milli(created_at) AS created, deleted, 0 AS forks FROM experiments
     UNION ALL SELECT '', '', 0, 0, toUInt8(count() > 0) FROM (SELECT run FROM segments LIMIT 1)`,
    { database, workspace },
  );
  const cell = (name: string, row: number): Cell => columns[name]?.[row] ?? null;
  let forks = false;
  const experiments: Experiment[] = [];
  for (let row = 0; row < rows; row++) {
    const id = String(cell('id', row));
    if (id === '') forks = Number(cell('forks', row)) > 0;
    else {
      const created = Number(cell('created', row));
      experiments.push({
        id,
        name: String(cell('name', row)),
        createdAt: created,
        deleted: cell('deleted', row) === 1,
      });
    }
  }
  experiments.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  return {
    experiments: new Map(experiments.map((experiment) => [experiment.id, experiment])),
    anyDeleted: experiments.some((experiment) => experiment.deleted),
    forks,
  };
}
