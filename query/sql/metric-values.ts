/** One number per run: an aggregate of one metric, merged over contexts, generations and ancestors; no row where it is unset. */
import type { MetricAggregate, MetricField } from '../filter/ast.js';
import type { Bindings } from './bindings.js';
import type { Forks } from './forks.js';
import { metricRows, type MetricState } from './metric-rows.js';

interface Value {
  readonly states: readonly MetricState[];
  /** Over the grouped states; NULL where the aggregate is unset. */
  readonly sql: string;
}

/** The last value is unset when it is NaN; the others are over finite values and unset when there are none. */
const VALUES: Readonly<Record<MetricAggregate, Value>> = {
  last: { states: ['last'], sql: 'if((max(last) AS newest).5 = 1, NULL, newest.4)' },
  min: { states: ['min', 'finite'], sql: 'if(sum(finite) = 0, NULL, min(min))' },
  max: { states: ['max', 'finite'], sql: 'if(sum(finite) = 0, NULL, max(max))' },
  mean: { states: ['sum', 'finite'], sql: 'if(sum(finite) = 0, NULL, sum(sum) / sum(finite))' },
  count: { states: ['count'], sql: 'toFloat64(sum(count))' },
};

/** `SELECT run, v …`; `having` may use `v`. */
export function metricValues(field: MetricField, forks: Forks, bindings: Bindings, having = 'v IS NOT NULL'): string {
  const { states, sql } = VALUES[field.aggregate];
  const key = bindings.text(field.key);
  const rows = metricRows({ states, keys: (column) => `${column} = ${key}`, runs: undefined, forks, bindings });
  return `SELECT run, ${sql} AS v FROM ${rows} GROUP BY run HAVING ${having}`;
}
