/** The OpenAPI document of the whole server, from the schemas that check the requests. */
import { ingestPaths } from '../ingest/openapi.js';
import { queryPaths } from '../query/openapi.js';
import { adminPaths } from './admin.js';

type Paths = Record<string, Record<string, unknown>>;

/** Both sides describe some paths (a run is read and written): their methods go together. */
function merge(...sides: readonly Paths[]): Paths {
  const merged: Paths = {};
  for (const side of sides) {
    for (const [path, item] of Object.entries(side)) merged[path] = { ...merged[path], ...item };
  }
  return merged;
}

export const openapiDocument = (version: string): object => ({
  openapi: '3.1.0',
  info: {
    title: 'Runlog',
    version,
    description: 'Every path also under /w/{workspace}. Errors are application/problem+json.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  paths: merge(ingestPaths(), queryPaths(), adminPaths()),
});
