/** One page of runs in their order: internal ids, order values and the total, from one statement. */
import type { Filter } from '../filter/ast.js';
import { compileFilter, type CompileContext } from '../filter/compile.js';
import type { OrderComponent, OrderPlan } from './order.js';
import type { Cursor } from './cursor.js';
import { floatOf } from '../runs/summary.js';
import type { RunsContext } from '../runs/run-rows.js';

export interface PagePlan {
  /** Conditions on `runs AS r`, before the filter. */
  readonly scope: readonly string[];
  readonly filter: Filter | undefined;
  readonly order: OrderPlan;
  readonly compile: CompileContext;
  readonly after: Cursor | undefined;
  readonly limit: number;
}

export interface PageRow {
  readonly uuid: string;
  readonly id: string;
  readonly values: readonly (number | string)[];
}

export async function readPage(
  { deps, workspace, signal }: RunsContext,
  { scope, filter, order, compile, after, limit }: PagePlan,
): Promise<{ readonly rows: readonly PageRow[]; readonly total: number }> {
  const { bindings } = compile;
  const where = [...scope, ...(filter === undefined ? [] : [compileFilter(filter, compile)])].join(' AND ');
  const { components } = order;
  const values = components.map(({ sql }, i) => `, ${sql} AS c${String(i)}`).join('');
  const direction = components.map(({ descending }, i) => `c${String(i)} ${descending ? 'DESC' : 'ASC'}, `).join('');
  const all = `SELECT r.run AS run, r.id AS id, count() OVER () AS total${values} FROM runs AS r FINAL ${order.joins.join(' ')} WHERE ${where}`;
  // the total is of all pages, so it is counted before rows are left out
  const rest = after === undefined ? all : `SELECT * FROM (${all}) WHERE ${isAfter(components, after, compile)}`;
  const answer = await deps.tables.queryColumns(`${rest} ORDER BY ${direction}id ASC LIMIT ${String(limit)}`, {
    database: deps.database,
    workspace,
    signal,
    params: bindings.params,
  });
  const column = (name: string) => answer.columns[name] ?? [];
  const rows = Array.from({ length: answer.rows }, (_, row) => ({
    uuid: String(column('run')[row]),
    id: String(column('id')[row]),
    values: components.map(({ type }, i) => {
      const cell = column(`c${String(i)}`)[row] ?? '';
      if (type === 'text') return String(cell);
      const value = floatOf(cell);
      return Number.isFinite(value) ? value : value > 0 ? 'inf' : '-inf';
    }),
  }));
  return { rows, total: Number(column('total')[0] ?? 0) };
}

/** (c0, c1, …, id) behind the cursor's, component by component. */
function isAfter(components: readonly OrderComponent[], cursor: Cursor, { bindings }: CompileContext): string {
  return components.reduceRight(
    (rest, { descending, type }, i) => {
      const value = cursor.values[i] ?? '';
      const bound = type === 'text' ? bindings.text(String(value)) : bindings.float(floatOf(value));
      const name = `c${String(i)}`;
      return `(${name} ${descending ? '<' : '>'} ${bound} OR (${name} = ${bound} AND ${rest}))`;
    },
    `id > ${bindings.text(cursor.id)}`,
  );
}
