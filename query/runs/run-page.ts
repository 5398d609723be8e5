/** One run, whole: what its page shows, with its context and the metrics that were logged with contexts apart. */
import { Problem } from '../../runtime/problem.js';
import type { RunAnswer, RunDetail } from '../api.js';
import type { Workspace } from '../catalog.js';
import { Bindings } from '../sql/bindings.js';
import type { Forks } from '../sql/forks.js';
import { metricRows } from '../sql/metric-rows.js';
import { readParts } from './run-parts.js';
import { readRuns, runRow, type RecordedRun, type RunsContext } from './run-rows.js';
import { SUMMARY_COLUMNS, SUMMARY_STATES, summaryAt } from './summary.js';

export async function runPage(context: RunsContext, id: string): Promise<RunAnswer> {
  const run = await findRun(context, id);
  const workspace = await workspaceWith(context, run);
  const [parts, contexts] = await Promise.all([
    readParts(context, [run.uuid], workspace),
    metricContexts(context, run.uuid, workspace.forks),
  ]);
  const row = runRow(run, parts, workspace, context.nowMs);
  return { run: { ...row, context: contextOf(run), contexts } };
}

/** The run by its id. Unknown is said only after the tables have caught up with what this instance knows of the control log. */
async function findRun(context: RunsContext, id: string): Promise<RecordedRun> {
  const bindings = new Bindings();
  const where = `id = ${bindings.text(id)}`;
  const ask = () => readRuns(context, where, { params: bindings.params, withContext: true });
  let [run] = await ask();
  if (run === undefined && context.deps.barrier !== undefined) {
    await context.deps.barrier(context.workspace);
    [run] = await ask();
  }
  if (run === undefined) throw new Problem('not_found', `there is no run ${id}`, { field: 'id' });
  if (run.deleted) throw new Problem('gone', `run ${id} was deleted`, { field: 'id' });
  return run;
}

async function workspaceWith(context: RunsContext, run: RecordedRun): Promise<Workspace> {
  let workspace = await context.catalog.of(context.workspace);
  if (!workspace.experiments.has(run.experiment)) workspace = await context.catalog.reread(context.workspace);
  if (workspace.experiments.get(run.experiment)?.deleted === true) {
    throw new Problem('gone', `the experiment of run ${run.id} was deleted`, { field: 'id' });
  }
  return workspace;
}

/** What the run was started with: git, packages, host. */
export function contextOf(run: RecordedRun): Readonly<Record<string, unknown>> {
  return run.context === '' ? {} : (JSON.parse(run.context) as Record<string, unknown>);
}

/** Every context, the empty one too, of the metrics that were logged with any. */
async function metricContexts(
  { deps, workspace, signal }: RunsContext,
  uuid: string,
  forks: Forks,
): Promise<RunDetail['contexts']> {
  const bindings = new Bindings();
  const all = { keys: undefined, runs: [uuid], forks, bindings };
  const rows = metricRows({ ...all, states: SUMMARY_STATES });
  const keys = metricRows({ ...all, states: [] });
  const answer = await deps.tables.queryColumns(
    `SELECT key, context, ${SUMMARY_COLUMNS} FROM ${rows} WHERE key IN (SELECT key FROM ${keys} WHERE context != '')` +
      ` GROUP BY key, context ORDER BY key, context`,
    { database: deps.database, workspace, signal, params: bindings.params },
  );
  const contexts = answer.columns['context'] ?? [];
  return (answer.columns['key'] ?? []).map((key, row) => {
    const context = String(contexts[row]);
    return {
      key: String(key),
      context: context === '' ? {} : (JSON.parse(context) as Record<string, string>),
      summary: summaryAt(answer, row),
    };
  });
}
