/** The tables as charts ask them: for one workspace, until the client goes away, with statements whose values are bound. */
import type { Row } from '../../clickhouse/tables.js';
import type { QueryDeps } from '../deps.js';
import type { Bindings } from '../sql/bindings.js';
import { lineId, SUMMARY_COLUMNS, summaryOf, type Summary } from './lines.js';
import { parseTextColumns, parseTextRows, type TextRow } from './text-rows.js';

export interface ChartTables {
  rows(sql: string, bindings: Bindings): Promise<Row[]>;
  /** Rows of arrays; the statement ends in FORMAT JSONCompactEachRow. */
  arrays(sql: string, bindings: Bindings): Promise<TextRow[]>;
  /** Columns of numbers; the statement ends in FORMAT JSONCompactColumns. */
  columns(sql: string, bindings: Bindings): Promise<string[][]>;
  /** Summaries by `lineId` of a subquery of partial states. */
  summaries(states: string, bindings: Bindings): Promise<Map<string, Summary>>;
}

export function chartTables(
  { tables, database }: Pick<QueryDeps, 'tables' | 'database'>,
  workspace: string,
  signal: AbortSignal,
): ChartTables {
  const options = (bindings: Bindings) => ({ database, workspace, signal, params: bindings.params });
  const rows = (sql: string, bindings: Bindings) => tables.query(sql, options(bindings));
  return {
    rows,
    arrays: async (sql, bindings) => parseTextRows(await tables.queryText(sql, options(bindings))),
    columns: async (sql, bindings) => parseTextColumns(await tables.queryText(sql, options(bindings))),
    async summaries(states, bindings) {
      const sql = `SELECT line, key, context, ${SUMMARY_COLUMNS} FROM ${states} GROUP BY line, key, context`;
      const found = await rows(sql, bindings);
      return new Map(
        found.map((row) => [lineId(String(row['line']), String(row['key']), String(row['context'])), summaryOf(row)]),
      );
    },
  };
}
