/** The readers' connection over generations of the tables: each question is asked of the one that is current when it is sent. */
import { databaseOf, TABLES_DATABASE } from './generations.js';
import type { QueryOptions, Tables } from './tables.js';

export interface SwitchedTables extends Tables {
  generation(): number;
  /**
   * Questions from now on are asked of `generation`. Resolves when none that was asked before is under way, so that the tables
   * of the older one can be dropped without anybody noticing.
   */
  switchTo(generation: number): Promise<void>;
}

export function createSwitchedTables(reader: Tables, first: number): SwitchedTables {
  let current = first;
  let underWay = new Set<Promise<unknown>>();

  const at = (options: QueryOptions = {}): QueryOptions =>
    options.database === TABLES_DATABASE ? { ...options, database: databaseOf(current) } : options;
  const counted = <T>(answer: Promise<T>): Promise<T> => {
    const questions = underWay;
    const over = () => void questions.delete(settled);
    const settled: Promise<void> = answer.then(over, over);
    questions.add(settled);
    return answer;
  };

  return {
    ...reader,
    query: (sql, options) => counted(reader.query(sql, at(options))),
    queryColumns: (sql, options) => counted(reader.queryColumns(sql, at(options))),
    queryText: (sql, options) => counted(reader.queryText(sql, at(options))),
    generation: () => current,
    async switchTo(generation) {
      const before = underWay;
      underWay = new Set();
      current = generation;
      await Promise.all(before);
    },
  };
}
