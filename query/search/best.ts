/** The runs with the k greatest or least values of one metric, among those of a scope and a filter. */
import type { Columns } from '../../clickhouse/tables.js';
import { limits } from '../../runtime/limits.js';
import type { Filter, MetricField } from '../filter/ast.js';
import { compileFilter, type CompileContext } from '../filter/compile.js';
import { floatOf } from '../runs/summary.js';
import type { RunsContext } from '../runs/run-rows.js';
import { Bindings, uuidList } from '../sql/bindings.js';
import type { Forks } from '../sql/forks.js';
import { metricValuesWhere } from '../sql/metric-values.js';

export interface BestPlan {
  readonly field: MetricField;
  readonly descending: boolean;
  readonly k: number;
  readonly scope: readonly string[];
  readonly filter: Filter | undefined;
  readonly forks: Forks;
}

export interface BestRun {
  readonly uuid: string;
  readonly value: number;
}

/**
 * Ties go to the smaller id. Ids are in another table than values, and joining the two costs more than reading ids of the few
 * runs that tie; only where more tie with the last one than are read, the join decides.
 */
export async function bestRuns(context: RunsContext, plan: BestPlan): Promise<BestRun[]> {
  const { k, descending } = plan;
  const wanted = k + limits.topTiesMax;
  const found = await ask(context, plan, (where, compile) => {
    const ofRuns = `run IN (SELECT r.run FROM runs AS r FINAL WHERE ${where})`;
    const values = metricValuesWhere({ ...plan, bindings: compile.bindings, ofRuns });
    return `${values} ORDER BY v ${descending ? 'DESC' : 'ASC'} LIMIT ${String(wanted)}`;
  });
  const last = found[k - 1]?.value;
  if (found.length === wanted && found.at(-1)?.value === last) return bestJoined(context, plan);
  const candidates = found.filter(({ value }, i) => i < k || value === last);
  const isTied = candidates.some(({ value }, i) => value === candidates[i + 1]?.value);
  return isTied ? (await bySmallerId(context, candidates)).slice(0, k) : candidates;
}

function bestJoined(context: RunsContext, plan: BestPlan): Promise<BestRun[]> {
  return ask(context, plan, (where, compile) => {
    const values = metricValuesWhere({ ...plan, bindings: compile.bindings });
    return (
      `SELECT r.run AS run, m.v AS v FROM runs AS r FINAL INNER JOIN (${values}) AS m ON m.run = r.run WHERE ${where}` +
      ` ORDER BY v ${plan.descending ? 'DESC' : 'ASC'}, r.id ASC LIMIT ${String(plan.k)}`
    );
  });
}

async function ask(
  { deps, workspace, nowMs, signal }: RunsContext,
  { scope, filter, forks }: BestPlan,
  statement: (where: string, compile: CompileContext) => string,
): Promise<BestRun[]> {
  const compile: CompileContext = { bindings: new Bindings(), nowMs, forks };
  const where = [...scope, ...(filter === undefined ? [] : [compileFilter(filter, compile)])].join(' AND ');
  const sql = statement(where, compile);
  const params = compile.bindings.params;
  return bestOf(await deps.tables.queryColumns(sql, { database: deps.database, workspace, signal, params }));
}

const bestOf = ({ columns }: Columns): BestRun[] =>
  (columns['run'] ?? []).map((run, row) => ({ uuid: String(run), value: floatOf(columns['v']?.[row] ?? null) }));

/** `runs` are in order of their values. */
async function bySmallerId({ deps, workspace, signal }: RunsContext, runs: readonly BestRun[]): Promise<BestRun[]> {
  const uuids = uuidList(runs.map(({ uuid }) => uuid));
  const { columns } = await deps.tables.queryColumns(`SELECT run, id FROM runs FINAL WHERE run IN ${uuids}`, {
    database: deps.database,
    workspace,
    signal,
  });
  const ids = new Map((columns['run'] ?? []).map((run, row) => [String(run), String(columns['id']?.[row])]));
  const place = new Map([...new Set(runs.map(({ value }) => value))].map((value, i) => [value, i]));
  const placeOf = ({ value }: BestRun) => place.get(value) ?? 0;
  const idOf = ({ uuid }: BestRun) => ids.get(uuid) ?? '';
  return [...runs].sort(
    (a, b) => placeOf(a) - placeOf(b) || Buffer.compare(Buffer.from(idOf(a)), Buffer.from(idOf(b))),
  );
}
