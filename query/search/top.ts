/** Top-k: the best runs by one aggregate of one metric. NaN never wins, ties go to the smaller id. */
import type { TopAnswer, TopRequest } from '../api.js';
import { parseFilter } from '../filter/parser.js';
import type { CheckRegexes } from '../filter/regexes.js';
import { runRows, type RunsContext } from '../runs/run-rows.js';
import { jsonFloat } from '../runs/summary.js';
import { scopeConditions } from '../scope.js';
import { bestRuns } from './best.js';
import { namesArchived } from './search.js';

export async function top(context: RunsContext, request: TopRequest, check: CheckRegexes): Promise<TopAnswer> {
  const filter = request.filter === undefined ? undefined : parseFilter(request.filter);
  await check(filter);
  const workspace = await context.catalog.of(context.workspace);
  const experiments = request.experiment === undefined ? undefined : [request.experiment];
  const best = await bestRuns(context, {
    field: { space: 'metric', key: request.metric, aggregate: request.aggregate },
    descending: request.order === 'max',
    k: request.k,
    scope: scopeConditions({ experiments, includeArchived: namesArchived(filter) }, workspace),
    filter,
    forks: workspace.forks,
  });
  const rows = await runRows(
    context,
    best.map(({ uuid }) => uuid),
  );
  return {
    runs: best.flatMap(({ uuid, value }) => {
      const run = rows.get(uuid);
      return run === undefined ? [] : [{ value: jsonFloat(value), run }];
    }),
  };
}
