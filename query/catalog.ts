/**
 * What answers need to know of a workspace as a whole: its experiments, and which runs were rewound or forked. It changes with
 * control facts only, so it is read again when the tables have passed more of the control log, or when it has grown old.
 */
import type { Cell } from '../clickhouse/tables.js';
import { limits } from '../runtime/limits.js';
import type { QueryDeps } from './deps.js';
import type { Forks } from './sql/forks.js';

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
  /** What runs inherit that were rewound or forked; for most workspaces nothing. */
  readonly forks: Forks;
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

export function createCatalog(deps: QueryDeps): Catalog {
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

async function read(deps: QueryDeps, workspace: string): Promise<Workspace> {
  const listedMax = deps.bounds?.inheritancesListedMax ?? limits.inheritancesListedMax;
  const answer = await deps.tables.queryColumns(
    `SELECT toString(experiment) AS id, name, toUnixTimestamp64Milli(created_at) AS created, deleted, 0 AS segments FROM experiments FINAL
     UNION ALL SELECT '', '', 0, 0, count() FROM (SELECT run FROM segments FINAL LIMIT ${String(listedMax + 1)})`,
    { database: deps.database, workspace },
  );
  let segments = 0;
  const experiments: Experiment[] = [];
  for (let row = 0; row < answer.rows; row++) {
    const cell = (name: string): Cell => answer.columns[name]?.[row] ?? null;
    const id = String(cell('id'));
    if (id === '') segments = Number(cell('segments'));
    else {
      experiments.push({
        id,
        name: String(cell('name')),
        createdAt: Number(cell('created')),
        deleted: cell('deleted') === 1,
      });
    }
  }
  experiments.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  return {
    experiments: new Map(experiments.map((experiment) => [experiment.id, experiment])),
    anyDeleted: experiments.some((experiment) => experiment.deleted),
    forks: segments === 0 ? [] : segments > listedMax ? 'many' : await readForks(deps, workspace),
  };
}

async function readForks({ tables, database }: QueryDeps, workspace: string): Promise<Forks> {
  const { columns } = await tables.queryColumns(
    `SELECT s.run AS run, r.generation AS generation, s.source AS source, s.source_generation AS source_generation,
     toString(s.cut) AS cut FROM segments AS s FINAL INNER JOIN runs AS r FINAL ON r.run = s.run`,
    { database, workspace },
  );
  return (columns['run'] ?? []).map((run, row) => ({
    run: String(run),
    generation: Number(columns['generation']?.[row]),
    source: String(columns['source']?.[row]),
    sourceGeneration: Number(columns['source_generation']?.[row]),
    cut: BigInt(String(columns['cut']?.[row])),
  }));
}
