/** Joins ingest's retry of dead letters with the tables: which letters there are. */
import type { Tables } from '../clickhouse/client.js';
import { TABLES_DATABASE } from '../clickhouse/generations.js';
import { letterScope } from '../clickhouse/operator.js';
import { TablesError } from '../clickhouse/tables.js';
import type { DeadLetters } from '../ingest/dead-letter-routes.js';
import { Problem } from '../runtime/problem.js';

export const deadLettersOf =
  (reader: Tables): DeadLetters =>
  async (workspace, { topic, partition, offset }) => {
    try {
      const [row] = await reader.query(
        `SELECT reason FROM dead_letters FINAL
         WHERE topic = {topic:String} AND partition = {partition:UInt32} AND offset = {offset:UInt64}`,
        { database: TABLES_DATABASE, workspace: letterScope(workspace), params: { topic, partition, offset } },
      );
      return row === undefined ? undefined : { reason: String(row['reason']) };
    } catch (cause) {
      if (!(cause instanceof TablesError) || !cause.retriable) throw cause;
      throw new Problem('unavailable', 'the tables do not answer at the moment: they know which letters there are');
    }
  };
