/** A ClickHouse server that somebody else runs: checked at the start, and given the users that queries come as. */
import type { Clock } from '../runtime/clock.js';
import { err, ok, type Result } from '../runtime/result.js';
import { connect } from './client.js';
import { TablesError, type Credentials } from './tables.js';
import { grantStatements, readUsers, userStatements, type ReadUsers } from './users.js';

/** How to reach a ClickHouse server, embedded or not. */
export interface ClickHouseServer extends ReadUsers {
  readonly url: string;
  readonly writer: Credentials;
}

export interface ExternalServer extends ClickHouseServer {
  /** Gives the read users their rights on a database of tables and on the views over it. */
  admit(database: string, api: string): Promise<Result<void, string>>;
}

export interface ExternalOptions {
  /** `http(s)://user:password@host:port`; the user may create databases, and users where they are not there yet. */
  readonly url: string;
  readonly clock: Clock;
}

const VERSION_MIN = 25;

/** Every failure is a sentence that says what to do; the address is named without its password. */
export async function useExternal(options: ExternalOptions): Promise<Result<ExternalServer, string>> {
  const { clock } = options;
  const address = new URL(options.url);
  const writer = {
    user: decodeURIComponent(address.username) || 'default',
    password: decodeURIComponent(address.password),
  };
  address.username = address.password = '';
  const url = address.href.replace(/\/$/, '');
  const users = readUsers(writer.password);
  const open = (credentials: Credentials) => connect({ url, credentials, clock });
  const unusable = (cause: unknown) => {
    if (!(cause instanceof TablesError)) throw cause;
    return err(`ClickHouse at ${url} cannot be used as ${writer.user}: ${cause.detail}`);
  };
  const [admin, querier] = [open(writer), open(users.querier)];
  /** Users that are there were made by whoever runs the server, or by an earlier start. */
  let manages = false;
  try {
    const [row] = await admin.query('SELECT version() AS version');
    const version = String(row?.['version']);
    if (Number.parseInt(version, 10) < VERSION_MIN) {
      return err(`ClickHouse at ${url} is version ${version}: ${String(VERSION_MIN)} or newer is needed`);
    }
    const made = await admin.query(
      `SELECT name FROM system.users WHERE name = {name:String} AND storage = 'users_xml'`,
      {
        params: { name: users.querier.user },
      },
    );
    manages = made.length === 0;
    if (manages) for (const statement of userStatements(users)) await admin.command(statement);
    else await querier.query('SELECT 1');
  } catch (cause) {
    return unusable(cause);
  } finally {
    await Promise.all([admin.close(), querier.close()]);
  }
  return ok({
    url,
    writer,
    ...users,
    async admit(database, api) {
      if (!manages) return ok(undefined);
      const grantor = open(writer);
      try {
        for (const statement of grantStatements(users, database, api)) await grantor.command(statement);
        return ok(undefined);
      } catch (cause) {
        return unusable(cause);
      } finally {
        await grantor.close();
      }
    },
  });
}
