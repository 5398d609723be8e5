/** The runs with the k greatest or least values of one metric, among those of a scope and a filter. */
import type { Filter, MetricField } from '../filter/ast.js';
import { compileFilter, type CompileContext } from '../filter/compile.js';
import { floatOf } from '../runs/summary.js';
import type { RunsContext } from '../runs/run-rows.js';
import { Bindings } from '../sql/bindings.js';
import type { Forks } from '../sql/forks.js';
import { metricValues } from '../sql/metric-values.js';

export interface BestPlan {
  readonly field: MetricField;
  readonly descending: boolean;
  readonly k: number;
  readonly scope: readonly string[];
  readonly filter: Filter | undefined;
  readonly forks: Forks;
}

export async function bestRuns(
  { deps, workspace, nowMs, signal }: RunsContext,
  { field, descending, k, scope, filter, forks }: BestPlan,
): Promise<{ readonly uuid: string; readonly value: number }[]> {
  const compile: CompileContext = { bindings: new Bindings(), nowMs, forks };
  const where = [...scope, ...(filter === undefined ? [] : [compileFilter(filter, compile)])].join(' AND ');
  const values = metricValues(field, forks, compile.bindings);
  const answer = await deps.tables.queryColumns(
    `SELECT r.run AS run, m.v AS v FROM runs AS r FINAL INNER JOIN (${values}) AS m ON m.run = r.run WHERE ${where}` +
      ` ORDER BY v ${descending ? 'DESC' : 'ASC'}, r.id ASC LIMIT ${String(k)}`,
    { database: deps.database, workspace, signal, params: compile.bindings.params },
  );
  const found = answer.columns['v'] ?? [];
  return (answer.columns['run'] ?? []).map((run, row) => ({ uuid: String(run), value: floatOf(found[row] ?? null) }));
}
