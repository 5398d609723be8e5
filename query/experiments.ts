/** The list of experiments with how many runs each has and how many of them run. */
import { limits } from '../runtime/limits.js';
import type { ExperimentsAnswer } from './api.js';
import { floatOf } from './runs/summary.js';
import type { RunsContext } from './runs/run-rows.js';
import { Bindings } from './sql/bindings.js';

export async function experiments(context: RunsContext, includeDeleted: boolean): Promise<ExperimentsAnswer> {
  const { deps, workspace, signal, nowMs } = context;
  const bindings = new Bindings();
  const since = bindings.moment(nowMs - limits.crashedAfterMs);
  const [{ experiments: known }, answer] = await Promise.all([
    context.catalog.reread(workspace),
    deps.tables.queryColumns(
      `SELECT experiment, count() AS runs, toUnixTimestamp64Milli(max(started_at)) AS started,` +
        ` countIf(status = 'running' AND (created_at >= ${since} OR run IN (SELECT run FROM seen WHERE seen_at >= ${since}))) AS running` +
        ` FROM runs FINAL WHERE deleted = 0 AND archived = 0 GROUP BY experiment`,
      { database: deps.database, workspace, signal, params: bindings.params },
    ),
  ]);
  const rows = new Map((answer.columns['experiment'] ?? []).map((id, row) => [String(id), row]));
  return {
    experiments: [...known.values()]
      .filter(({ deleted }) => includeDeleted || !deleted)
      .map(({ id, name, createdAt, deleted }) => {
        const row = rows.get(id);
        const number = (column: string) => (row === undefined ? 0 : floatOf(answer.columns[column]?.[row] ?? 0));
        return {
          id,
          name,
          createdAt,
          deleted,
          runs: number('runs'),
          running: number('running'),
          lastStartedAt: row === undefined ? null : number('started'),
        };
      }),
  };
}
