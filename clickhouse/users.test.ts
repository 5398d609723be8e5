/** The statements that make the read users of a server that is not ours. */
import { expect, test } from 'vitest';
import { workspaceTables } from './migrate.js';
import { READER_CHOICES } from './settings.js';
import { grantStatements, readUsers, userStatements } from './users.js';

test('the querier gets each table of workspaces with a policy, and the reader the views', () => {
  const statements = grantStatements(readUsers('secret'), 'runlog', 'api');
  for (const [table, condition] of workspaceTables()) {
    expect(condition).toContain(`workspace = getClientHTTPHeader('X-Runlog-Workspace')`);
    expect(statements).toContain(
      `CREATE ROW POLICY OR REPLACE runlog_workspace ON runlog.${table} USING ${condition} TO runlog_querier`,
    );
    expect(statements).toContain(`GRANT SELECT ON runlog.${table} TO runlog_querier`);
  }
  expect(statements.filter((statement) => statement.includes('TO runlog_reader'))).toEqual([
    'GRANT SELECT ON api.* TO runlog_reader',
  ]);
});

test('both are read-only, and may change no more than is listed', () => {
  const [profile] = userStatements(readUsers('secret'));
  expect(profile).toContain('readonly = 1');
  for (const name of READER_CHOICES) expect(profile).toContain(`${name} CHANGEABLE_IN_READONLY`);
});

test('passwords follow from the writer’s, differ, and are not it', () => {
  const { reader, querier } = readUsers('secret');
  expect(readUsers('secret')).toEqual({ reader, querier });
  expect(new Set([reader.password, querier.password, 'secret', readUsers('other').reader.password]).size).toBe(4);
});
