/** Search: which runs, in which order, page by page; each page stays right while runs arrive. */
import type { SearchAnswer, SearchRequest } from '../api.js';
import { conditionsOf, type Filter } from '../filter/ast.js';
import type { CompileContext } from '../filter/compile.js';
import { parseColumn, parseOrderKey, type OrderKey } from '../filter/order.js';
import { parseFilter } from '../filter/parser.js';
import { runRows, type RunsContext } from '../runs/run-rows.js';
import { scopeConditions } from '../scope.js';
import { Bindings } from '../sql/bindings.js';
import { decodeCursor, encodeCursor, questionHash, type Cursor } from './cursor.js';
import { orderPlan } from './order.js';
import { readPage } from './page.js';
import type { CheckRegexes } from '../filter/regexes.js';

const NEWEST_FIRST: OrderKey = { field: { space: 'attribute', name: 'started' }, descending: true };

export async function search(context: RunsContext, request: SearchRequest, check: CheckRegexes): Promise<SearchAnswer> {
  const filter = request.filter === undefined ? undefined : parseFilter(request.filter);
  const keys = request.orderBy?.map((text, i) => parseOrderKey(text, `orderBy[${String(i)}]`)) ?? [];
  const order = keys.length === 0 ? [NEWEST_FIRST] : keys;
  const columns = request.columns?.map((text, i) => parseColumn(text, `columns[${String(i)}]`));
  const includeArchived = request.includeArchived || namesArchived(filter);
  const question = questionHash(context.workspace, request.experiments ?? null, filter ?? null, order, includeArchived);
  const after = request.cursor === undefined ? undefined : decodeCursor(request.cursor, question, typesOf(order));
  await check(filter);

  const workspace = await context.catalog.of(context.workspace);
  const nowMs = after?.nowMs ?? context.nowMs;
  const scope = scopeConditions({ experiments: request.experiments, includeArchived }, workspace);
  const page = (limit: number, from: Cursor | undefined) => {
    const compile: CompileContext = { bindings: new Bindings(), nowMs, forks: workspace.forks };
    return readPage(context, { scope, filter, order: orderPlan(order, compile), compile, after: from, limit });
  };
  const found = await page(request.limit + 1, after);
  const rows = found.rows.slice(0, request.limit);
  const last = rows.at(-1);
  const isMore = found.rows.length > request.limit && last !== undefined;
  // behind the last row nothing tells the total: only runs that went away meanwhile bring a client there
  const total = rows.length > 0 || after === undefined ? found.total : (await page(1, undefined)).total;
  const runs = await runRows(
    context,
    rows.map(({ uuid }) => uuid),
    columns,
  );
  return {
    runs: rows.map(({ uuid }) => runs.get(uuid)).filter((run) => run !== undefined),
    next: isMore ? encodeCursor(question, { nowMs, values: last.values, id: last.id }) : null,
    total,
  };
}

/** Whoever asks about `archived` wants to see both kinds. */
export function namesArchived(filter: Filter | undefined): boolean {
  if (filter === undefined) return false;
  for (const { field } of conditionsOf(filter)) {
    if (field.space === 'attribute' && field.name === 'archived') return true;
  }
  return false;
}

/** Types do not depend on the moment or the bindings, so a throw-away context tells them. */
const typesOf = (order: readonly OrderKey[]) =>
  orderPlan(order, { bindings: new Bindings(), nowMs: 0, forks: [] }).components.map(({ type }) => type);
