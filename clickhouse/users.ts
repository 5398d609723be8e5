/** Who may do what at a ClickHouse server, as the statements that make these users; the embedded server says the same in its users.xml. */
import { createHmac } from 'node:crypto';
import { workspaceTables } from './migrate.js';
import { READER_BOUNDS, READER_CHOICES } from './settings.js';
import { limits } from '../runtime/limits.js';
import type { Credentials } from './tables.js';

export interface ReadUsers {
  /** For statements that people write: sees the views. */
  readonly reader: Credentials;
  /** For our own: sees the rows of one workspace in the tables themselves. */
  readonly querier: Credentials;
}

/** Their passwords follow from the writer's, so that every instance that knows that one knows all. */
export function readUsers(writerPassword: string): ReadUsers {
  const user = (name: string): Credentials => ({
    user: name,
    password: createHmac('sha256', writerPassword).update(`runlog ${name}`).digest('base64url'),
  });
  return { reader: user('runlog_reader'), querier: user('runlog_querier') };
}

/** Make the users, for a user with access management; like those below they can be repeated. */
export function userStatements({ reader, querier }: ReadUsers): string[] {
  const bounds = Object.entries(READER_BOUNDS).map(
    ([name, max]) => `${name} = ${String(max)} MIN 1 MAX ${String(max)} CHANGEABLE_IN_READONLY`,
  );
  const settings = [
    'readonly = 1',
    'allow_get_client_http_header = 1',
    `max_concurrent_queries_for_user = ${String(limits.queryConcurrentMax)}`,
    ...bounds,
    ...READER_CHOICES.map((name) => `${name} CHANGEABLE_IN_READONLY`),
  ];
  const create = ({ user, password }: Credentials) =>
    `CREATE USER OR REPLACE ${user} IDENTIFIED WITH sha256_password BY '${password}' SETTINGS PROFILE 'runlog_reader'`;
  return [
    `CREATE SETTINGS PROFILE OR REPLACE runlog_reader SETTINGS ${settings.join(', ')}`,
    create(reader),
    create(querier),
  ];
}

/** Let them see a database of tables and the views over it. */
export function grantStatements({ reader, querier }: ReadUsers, database: string, api: string): string[] {
  return [
    `GRANT SELECT ON ${api}.* TO ${reader.user}`,
    ...[...workspaceTables()].flatMap(([table, condition]) => [
      `CREATE ROW POLICY OR REPLACE runlog_workspace ON ${database}.${table} USING ${condition} TO ${querier.user}`,
      `GRANT SELECT ON ${database}.${table} TO ${querier.user}`,
    ]),
  ];
}
