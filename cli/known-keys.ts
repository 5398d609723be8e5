/** Joins ingest's bound on metric keys with the tables: which keys a run has there. */
import type { Tables } from '../clickhouse/client.js';
import type { KnownKeys } from '../ingest/metric-keys.js';

export const knownKeysOf =
  (reader: Tables): KnownKeys =>
  async ({ workspace, run }) => {
    const rows = await reader.query('SELECT DISTINCT key FROM api.series_by_run WHERE run = {run:UUID}', {
      workspace,
      params: { run },
    });
    return rows.map((row) => String(row['key']));
  };
