/** What can be a column or stand in a filter: the names of parameters, tags and metrics, with how many runs have each. */
import { limits } from '../runtime/limits.js';
import type { ColumnsAnswer } from './api.js';
import { floatOf } from './runs/summary.js';
import type { RunsContext } from './runs/run-rows.js';
import { scopeConditions } from './scope.js';
import { Bindings } from './sql/bindings.js';
import { forkTables, type Forks } from './sql/forks.js';

export async function columns(context: RunsContext, experiment: string | undefined): Promise<ColumnsAnswer> {
  const { deps, workspace, signal } = context;
  const known = await context.catalog.of(workspace);
  const scope = scopeConditions(
    { experiments: experiment === undefined ? undefined : [experiment], includeArchived: false },
    known,
  ).join(' AND ');
  const names = async (from: string, bindings = new Bindings()): Promise<ColumnsAnswer['params']> => {
    const answer = await deps.tables.queryColumns(
      `SELECT key, uniqExact(run) AS runs FROM ${from} GROUP BY key ORDER BY runs DESC, key LIMIT ${String(limits.columnsListedMax)}`,
      { database: deps.database, workspace, signal, params: bindings.params },
    );
    const counts = answer.columns['runs'] ?? [];
    return (answer.columns['key'] ?? []).map((name, row) => ({ name: String(name), runs: floatOf(counts[row] ?? 0) }));
  };
  const visible = `run IN (SELECT r.run FROM runs AS r FINAL WHERE ${scope})`;
  const bindings = new Bindings();
  const [params, tags, metrics] = await Promise.all([
    names(`params FINAL WHERE ${visible}`),
    names(`tags FINAL WHERE removed = 0 AND ${visible}`),
    names(`${keysOfRuns(known.forks, bindings)} WHERE ${visible}`, bindings),
  ]);
  return { params, tags, metrics };
}

/** (run, key) wherever a run has a metric, by itself or from an ancestor's or older generation's points before the cut. */
function keysOfRuns(forks: Forks, bindings: Bindings): string {
  const tables = forkTables(forks, undefined, bindings);
  if (tables === undefined) return 'series';
  const { segments, heirs } = tables;
  return (
    `(SELECT run, key FROM series WHERE run NOT IN (SELECT run FROM ${heirs}) OR (run, generation) IN ${heirs}` +
    ` UNION ALL SELECT s.run AS run, x.key AS key FROM series AS x INNER JOIN ${segments} AS s` +
    ' ON x.run = s.source AND x.generation = s.source_generation WHERE x.first.1 < s.cut)'
  );
}
