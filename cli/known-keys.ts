/** Joins ingest's bound on metric keys with the tables: which keys a run has there. */
import type { Tables } from '../clickhouse/client.js';
import { TABLES_DATABASE } from '../clickhouse/generations.js';
import type { KnownKeys } from '../ingest/metric-keys.js';

export const knownKeysOf =
  (tables: Tables): KnownKeys =>
  async ({ workspace, run }) => {
    const rows = await tables.query('SELECT DISTINCT key FROM series_by_run WHERE run = {run:UUID}', {
      database: TABLES_DATABASE,
      workspace,
      params: { run },
    });
    return rows.map((row) => String(row['key']));
  };
