/**
 * From the tree of a filter to one SQL condition on the view `runs` (alias r). Everything that a user wrote is bound, not pasted.
 *
 * Logic is two-valued: a condition on a parameter, tag or metric is membership of the run in the set of runs that fulfil it, so a
 * run that lacks the field fulfils none, and NOT of it is true.
 */
import type { Bindings } from '../sql/bindings.js';
import type { Forks } from '../sql/forks.js';
import { metricValuesWhere } from '../sql/metric-values.js';
import type { Condition, Filter, MetricField, ParamField, TagField } from './ast.js';
import { attributeCondition } from './compile-attribute.js';
import { matches, numberIs, textIs } from './comparisons.js';

export interface CompileContext {
  readonly bindings: Bindings;
  /** The moment of the question, ms: what relative times and derived statuses refer to. */
  readonly nowMs: number;
  readonly forks: Forks;
}

export function compileFilter(filter: Filter, context: CompileContext): string {
  switch (filter.kind) {
    case 'and':
      return conjunction(filter.items, context);
    case 'or':
      return `(${filter.items.map((item) => compileFilter(item, context)).join(' OR ')})`;
    case 'not':
      return `NOT (${compileFilter(filter.item, context)})`;
    default:
      return compileCondition(filter, context);
  }
}

function compileCondition(condition: Condition, context: CompileContext): string {
  const { field } = condition;
  if (field.space === 'attribute') return attributeCondition(condition, field.name, context);
  if (field.space === 'metric') return metricCondition(condition, field, context);
  const test = entryTest(condition, field, context);
  return condition.kind === 'unset' ? `NOT ${entriesFulfil([test], context)}` : entriesFulfil([test], context);
}

/** Conditions of one AND on entries of the same table are asked in one pass over that table. */
function conjunction(items: readonly Filter[], context: CompileContext): string {
  const params: EntryTest[] = [];
  const tags: EntryTest[] = [];
  const others: string[] = [];
  for (const item of items) {
    const field = item.kind === 'compare' || item.kind === 'in' || item.kind === 'match' ? item.field : undefined;
    if (field?.space === 'param') params.push(entryTest(item as Condition, field, context));
    else if (field?.space === 'tag') tags.push(entryTest(item as Condition, field, context));
    else others.push(compileFilter(item, context));
  }
  const grouped = [params, tags].filter((tests) => tests.length > 0).map((tests) => entriesFulfil(tests, context));
  return `(${[...grouped, ...others].join(' AND ')})`;
}

/** A test of one parameter or tag: a condition on its row. */
interface EntryTest {
  readonly table: 'params' | 'tags';
  readonly key: string;
  readonly sql: string;
}

function entryTest(condition: Condition, field: ParamField | TagField, context: CompileContext): EntryTest {
  const number = field.space === 'param' ? 'number' : undefined;
  return {
    table: field.space === 'param' ? 'params' : 'tags',
    key: field.key,
    sql: valueTest(condition, number, context.bindings),
  };
}

/** A condition on the columns `value` and, for parameters, `number`. */
function valueTest(condition: Condition, number: string | undefined, bindings: Bindings): string {
  switch (condition.kind) {
    case 'unset':
      return '1';
    case 'match':
      return matches('value', condition, bindings);
    case 'compare': {
      const { operator, operand } = condition;
      if (operand.type === 'number') return numberIs(number ?? 'NULL', operator, operand.value, bindings);
      return textIs('value', number, operator, String(operand.value), bindings);
    }
    case 'in': {
      const any = condition.operands.map((operand) =>
        operand.type === 'number'
          ? numberIs(number ?? 'NULL', '=', operand.value, bindings)
          : textIs('value', undefined, '=', String(operand.value), bindings),
      );
      return condition.negated ? `NOT (${any.join(' OR ')})` : `(${any.join(' OR ')})`;
    }
  }
}

/** Runs whose entries fulfil every test: one scan of the table, counting the keys that do. */
function entriesFulfil(tests: readonly EntryTest[], { bindings }: CompileContext): string {
  const table = tests[0]?.table ?? 'params';
  const byKey = new Map<string, string[]>();
  for (const { key, sql } of tests) byKey.set(key, [...(byKey.get(key) ?? []), sql]);
  const keys = [...byKey].map(([key, conditions]) => ({ key: bindings.text(key), sql: conditions.join(' AND ') }));
  const there = table === 'tags' ? ' AND removed = 0' : '';
  const [only] = keys;
  if (keys.length === 1 && only !== undefined) {
    return `r.run IN (SELECT run FROM ${table} FINAL WHERE key = ${only.key}${there} AND ${only.sql})`;
  }
  const each = keys.map(({ key, sql }) => `(key = ${key} AND ${sql})`).join(' OR ');
  const list = keys.map(({ key }) => key).join(', ');
  return (
    `r.run IN (SELECT run FROM ${table} FINAL WHERE key IN (${list})${there} AND (${each})` +
    ` GROUP BY run HAVING count() = ${String(keys.length)})`
  );
}

function metricCondition(condition: Condition, field: MetricField, { bindings, forks }: CompileContext): string {
  const set = (having: string) =>
    `r.run IN (SELECT run FROM (${metricValuesWhere({ field, forks, bindings }, having)}))`;
  switch (condition.kind) {
    case 'unset':
      return `NOT ${set('v IS NOT NULL')}`;
    case 'compare':
      return set(`v IS NOT NULL AND v ${condition.operator} ${bindings.float(Number(condition.operand.value))}`);
    case 'in': {
      const list = condition.operands.map((operand) => bindings.float(Number(operand.value))).join(', ');
      return set(`v IS NOT NULL AND v ${condition.negated ? 'NOT IN' : 'IN'} (${list})`);
    }
    case 'match':
      throw new Error('a metric is not text: the parser lets no pattern through');
  }
}
