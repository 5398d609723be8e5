/** Runs side by side: parameters, last values of metrics, tags, context and packages, in the order the runs were named. */
import { Problem } from '../../runtime/problem.js';
import type { CompareAnswer, CompareRequest, RunRow } from '../api.js';
import { contextOf } from '../runs/run-page.js';
import { readParts } from '../runs/run-parts.js';
import { readRuns, runRow, type RecordedRun, type RunsContext } from '../runs/run-rows.js';
import { Bindings } from '../sql/bindings.js';
import { flattenContext } from './flatten.js';
import { compareRows, type Value } from './rows.js';

export async function compare(context: RunsContext, request: CompareRequest): Promise<CompareAnswer> {
  const reference = referenceOf(request);
  const recorded = await findRuns(context, request.runs);
  const workspace = await context.catalog.of(context.workspace);
  const parts = await readParts(
    context,
    recorded.map(({ uuid }) => uuid),
    workspace,
  );
  const runs = recorded.map((run) => runRow(run, parts, workspace, context.nowMs));
  const flat = recorded.map((run) => flattenContext(contextOf(run)));
  const options = { reference, onlyDifferent: request.onlyDifferent };
  const rowsOf = (values: (run: RunRow) => Readonly<Record<string, Value>>) =>
    compareRows(
      runs.map((run) => new Map(Object.entries(values(run)))),
      options,
    );
  return {
    runs: runs.map(({ id, name, status }) => ({ id, name, status })),
    params: rowsOf(({ params }) => params),
    metrics: rowsOf(lastValues),
    tags: compareRows(
      runs.map(({ tags }) => new Map(Object.entries(tags))),
      { ...options, reference: undefined },
    ),
    context: compareRows(
      flat.map((run) => run.context),
      { ...options, reference: undefined },
    ),
    packages: compareRows(
      flat.map((run) => run.packages),
      { ...options, reference: undefined },
    ),
  };
}

const lastValues = ({ metrics }: RunRow): Record<string, Value> =>
  Object.fromEntries(Object.entries(metrics).flatMap(([key, { last }]) => (last === null ? [] : [[key, last]])));

function referenceOf({ runs, reference }: CompareRequest): number | undefined {
  if (reference === undefined) return undefined;
  const index = runs.indexOf(reference);
  if (index >= 0) return index;
  throw new Problem('invalid_request', 'reference must be one of the runs', { field: 'reference' });
}

/** In the order of `ids`. The first that is unknown or deleted is named. */
async function findRuns(context: RunsContext, ids: readonly string[]): Promise<RecordedRun[]> {
  const bindings = new Bindings();
  const where = `id IN ${bindings.texts([...new Set(ids)])}`;
  const ask = async () => {
    const found = await readRuns(context, where, { params: bindings.params, withContext: true });
    return new Map(found.map((run) => [run.id, run]));
  };
  let found = await ask();
  if (ids.some((id) => !found.has(id)) && context.deps.barrier !== undefined) {
    await context.deps.barrier(context.workspace);
    found = await ask();
  }
  return ids.map((id, i) => {
    const run = found.get(id);
    const field = `runs[${String(i)}]`;
    if (run === undefined) throw new Problem('not_found', `there is no run ${id}`, { field });
    if (run.deleted) throw new Problem('gone', `run ${id} was deleted`, { field });
    return run;
  });
}
