/** Regexes are RE2's: the engine itself says whether one is valid, once, before it is used. */
import { TablesError } from '../../clickhouse/tables.js';
import { limits } from '../../runtime/limits.js';
import { Problem } from '../../runtime/problem.js';
import type { QueryDeps } from '../deps.js';
import { Bindings } from '../sql/bindings.js';
import { conditionsOf, type Filter } from './ast.js';

const CANNOT_COMPILE_REGEXP = 427;

/** Throws a Problem at the column of the first regex that RE2 does not take. */
export type CheckRegexes = (filter: Filter | undefined) => Promise<void>;

export function createRegexCheck({ tables }: Pick<QueryDeps, 'tables'>): CheckRegexes {
  const valid = new Set<string>();
  return async (filter) => {
    if (filter === undefined) return;
    for (const condition of conditionsOf(filter)) {
      if (condition.kind !== 'match' || condition.by !== 'regex' || valid.has(condition.pattern)) continue;
      const bindings = new Bindings();
      try {
        await tables.query(`SELECT match('', ${bindings.text(condition.pattern)}) AS ok`, { params: bindings.params });
      } catch (error) {
        if (!(error instanceof TablesError) || error.code !== CANNOT_COMPILE_REGEXP) throw error;
        const { column } = condition;
        throw new Problem(
          'invalid_filter',
          `this is not a valid regular expression of RE2 (column ${String(column)})`,
          {
            field: 'filter',
            column,
          },
        );
      }
      valid.add(condition.pattern);
      if (valid.size > limits.regexesRememberedMax) valid.delete(valid.values().next().value ?? '');
    }
  };
}
