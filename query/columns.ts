/** What can be a column or stand in a filter: the names of parameters, tags and metrics, with how many runs have each. */
import { limits } from '../runtime/limits.js';
import type { ColumnsAnswer } from './api.js';
import { floatOf } from './runs/summary.js';
import type { RunsContext } from './runs/run-rows.js';
import { scopeConditions } from './scope.js';

export async function columns(context: RunsContext, experiment: string | undefined): Promise<ColumnsAnswer> {
  const { deps, workspace, signal } = context;
  const known = await context.catalog.of(workspace);
  const scope = scopeConditions(
    { experiments: experiment === undefined ? undefined : [experiment], includeArchived: false },
    known,
  ).join(' AND ');
  const names = async (from: string): Promise<ColumnsAnswer['params']> => {
    const answer = await deps.tables.queryColumns(
      `SELECT key, uniqExact(run) AS runs FROM ${from} GROUP BY key ORDER BY runs DESC, key LIMIT ${String(limits.columnsListedMax)}`,
      { database: deps.database, workspace, signal },
    );
    const counts = answer.columns['runs'] ?? [];
    return (answer.columns['key'] ?? []).map((name, row) => ({ name: String(name), runs: floatOf(counts[row] ?? 0) }));
  };
  const visible = `run IN (SELECT r.run FROM runs AS r WHERE ${scope})`;
  // a metric that a fork only inherits counts through the run that logged it
  const [params, tags, metrics] = await Promise.all([
    names(`params WHERE ${visible}`),
    names(`tags WHERE removed = 0 AND ${visible}`),
    names(`series WHERE ${visible}`),
  ]);
  return { params, tags, metrics };
}
