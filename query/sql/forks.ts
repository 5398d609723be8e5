/** Which runs inherit points, and from where: what the catalog knows of a workspace, as tables for statements. */
import { uuidList, type Bindings } from './bindings.js';

/** Points of (source, sourceGeneration) with step < cut count for `run`, whose own points are those of `generation`. */
export interface Inheritance {
  readonly run: string;
  readonly generation: number;
  readonly source: string;
  readonly sourceGeneration: number;
  readonly cut: bigint;
}

/** All of a workspace when they are few: statements then carry them, which spares scans of tables. Else they are left to the views. */
export type Forks = readonly Inheritance[] | 'many';

/** Two subqueries for use in statements. */
export interface ForkTables {
  /** run, source, source_generation, cut */
  readonly segments: string;
  /** run, generation */
  readonly heirs: string;
}

/** undefined when none of the runs (of any run, without `runs`) inherits anything. */
export function forkTables(
  forks: Forks,
  runs: readonly string[] | undefined,
  bindings: Bindings,
): ForkTables | undefined {
  if (forks === 'many') return viewTables(runs === undefined ? undefined : uuidList(runs));
  const asked = runs === undefined ? undefined : new Set(runs);
  const concerned = asked === undefined ? forks : forks.filter(({ run }) => asked.has(run));
  if (concerned.length === 0) return undefined;
  const zipped = bindings.once(`inheritances of ${runs?.join() ?? 'all'}`, () =>
    [
      bindings.array(
        concerned.map(({ run }) => run),
        'UUID',
      ),
      bindings.array(
        concerned.map(({ generation }) => generation),
        'UInt32',
      ),
      bindings.array(
        concerned.map(({ source }) => source),
        'UUID',
      ),
      bindings.array(
        concerned.map(({ sourceGeneration }) => sourceGeneration),
        'UInt32',
      ),
      bindings.array(
        concerned.map(({ cut }) => cut),
        'Int64',
      ),
    ].join(', '),
  );
  const rows = `(SELECT arrayJoin(arrayZip(${zipped})) AS t)`;
  return {
    segments: `(SELECT t.1 AS run, t.3 AS source, t.4 AS source_generation, t.5 AS cut FROM ${rows})`,
    heirs: `(SELECT t.1 AS run, t.2 AS generation FROM ${rows})`,
  };
}

function viewTables(runs: string | undefined): ForkTables {
  const ofRuns = runs === undefined ? '' : `run IN ${runs}`;
  return {
    segments: `(SELECT run, source, source_generation, cut FROM segments FINAL${ofRuns === '' ? '' : ` WHERE ${ofRuns}`})`,
    heirs: `(SELECT run, generation FROM runs FINAL WHERE has_segments = 1${ofRuns === '' ? '' : ` AND ${ofRuns}`})`,
  };
}
