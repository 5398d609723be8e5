/** The order of runs as components that are never NULL, so that a cursor can say "after this row" exactly. */
import { limits } from '../../runtime/limits.js';
import type { Field } from '../filter/ast.js';
import { millisOf, statusOf } from '../filter/compile-attribute.js';
import type { CompileContext } from '../filter/compile.js';
import type { OrderKey } from '../filter/order.js';
import { metricValues } from '../sql/metric-values.js';

export interface OrderComponent {
  readonly sql: string;
  readonly descending: boolean;
  readonly type: 'number' | 'text';
}

export interface OrderPlan {
  /** LEFT JOINs that the components need, on `runs AS r`. */
  readonly joins: readonly string[];
  readonly components: readonly OrderComponent[];
}

/** Unset comes last in both directions. Ties are left to the caller, who adds the run's id. */
export function orderPlan(keys: readonly OrderKey[], context: CompileContext): OrderPlan {
  const joins: string[] = [];
  const components = keys.flatMap(({ field, descending }, i) => {
    const source = sourceOf(field, `o${String(i)}`, context);
    if (source.join !== undefined) joins.push(source.join);
    return componentsOf(source, descending);
  });
  return { joins, components };
}

interface Source {
  readonly join?: string;
  /** NULL where the field is unset. */
  readonly number?: string;
  readonly text?: string;
}

/** Numbers before texts before unset; a field that has only one of the two has only that component. */
function componentsOf({ number, text }: Source, descending: boolean): OrderComponent[] {
  const components: OrderComponent[] = [];
  const add = (sql: string, type: 'number' | 'text', down: boolean) => components.push({ sql, type, descending: down });
  add(`isNull(${text ?? number ?? 'NULL'})`, 'number', false);
  if (number !== undefined) {
    if (text !== undefined) add(`isNull(${number})`, 'number', false);
    add(`ifNull(toFloat64(${number}), 0)`, 'number', descending);
  }
  if (text !== undefined) {
    const start = `leftUTF8(ifNull(${text}, ''), ${String(limits.orderTextCharsMax)})`;
    add(number === undefined ? start : `if(isNull(${number}), ${start}, '')`, 'text', descending);
  }
  return components;
}

function sourceOf(field: Field, alias: string, context: CompileContext): Source {
  const { bindings } = context;
  const joined = (subquery: string) => `LEFT JOIN (${subquery}) AS ${alias} ON ${alias}.run = r.run`;
  switch (field.space) {
    case 'metric':
      return { join: joined(metricValues({ field, forks: context.forks, bindings })), number: `${alias}.v` };
    case 'param': {
      const sql = `SELECT run, toNullable(value) AS v, number AS n FROM params FINAL WHERE key = ${bindings.text(field.key)}`;
      return { join: joined(sql), number: `${alias}.n`, text: `${alias}.v` };
    }
    case 'tag': {
      const sql = `SELECT run, toNullable(value) AS v FROM tags FINAL WHERE key = ${bindings.text(field.key)} AND removed = 0`;
      return { join: joined(sql), text: `${alias}.v` };
    }
    case 'attribute':
      return attributeSource(field.name, alias, context);
  }
}

function attributeSource(
  name: Extract<Field, { space: 'attribute' }>['name'],
  alias: string,
  context: CompileContext,
): Source {
  const ms = millisOf(name, context);
  if (ms !== undefined) return { number: ms };
  switch (name) {
    case 'status':
      return { text: statusOf(context) };
    case 'archived':
      return { number: 'r.archived' };
    case 'experiment': {
      const experiments = 'SELECT experiment, toNullable(name) AS v FROM experiments FINAL';
      return {
        join: `LEFT JOIN (${experiments}) AS ${alias} ON ${alias}.experiment = r.experiment`,
        text: `${alias}.v`,
      };
    }
    default:
      return { text: `nullIf(r.${name}, '')` };
  }
}
