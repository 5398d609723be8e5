/** The comparisons of the filter language as SQL, on columns that are known to be set. */
import { parseNumberText } from '../../runtime/number-text.js';
import type { Bindings } from '../sql/bindings.js';
import type { CompareOperator, Condition } from './ast.js';

/** `number` may be NULL, for a text that is no number: it differs from every number and has no order with any. */
export function numberIs(number: string, operator: CompareOperator, value: number, bindings: Bindings): string {
  if (operator === '!=') return `ifNull(${number} != ${bindings.float(value)}, 1)`;
  return `ifNull(${number} ${operator} ${bindings.float(value)}, 0)`;
}

/**
 * Equal and different are about the text as it is. An order is about numbers when `text` is one and the field has a `number`,
 * else about bytes.
 */
export function textIs(
  column: string,
  number: string | undefined,
  operator: CompareOperator,
  text: string,
  bindings: Bindings,
): string {
  const value = operator === '=' || operator === '!=' || number === undefined ? undefined : parseNumberText(text);
  if (value !== undefined && number !== undefined) return numberIs(number, operator, value, bindings);
  return `${column} ${operator} ${bindings.text(text)}`;
}

export function matches(column: string, condition: Condition & { kind: 'match' }, bindings: Bindings): string {
  const pattern = condition.by === 'regex' ? condition.pattern : likePattern(condition.pattern);
  const function_ = condition.by === 'regex' ? 'match' : condition.by;
  return `${condition.negated ? 'NOT ' : ''}${function_}(${column}, ${bindings.text(pattern)})`;
}

/** A backslash makes `%`, `_` and itself plain; before anything else it stands for itself, which ClickHouse would refuse. */
const likePattern = (pattern: string) =>
  pattern.replaceAll(/\\([%_\\])?/g, (pair, next) => (next === undefined ? '\\\\' : pair));
