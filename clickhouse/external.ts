/** A ClickHouse server that somebody else runs: checked at the start, and given the users that queries come as. */
import type { Clock } from '../runtime/clock.js';
import { err, ok, type Result } from '../runtime/result.js';
import { connect } from './client.js';
import { TablesError, type Credentials, type Tables } from './tables.js';
import { readUsers, userStatements, type ReadUsers } from './users.js';

/** How to reach a ClickHouse server, embedded or not. */
export interface ClickHouseServer extends ReadUsers {
  readonly url: string;
  readonly writer: Credentials;
}

export interface ExternalOptions {
  /** `http(s)://user:password@host:port`; the user may create databases, and users where they are not there yet. */
  readonly url: string;
  readonly database: string;
  readonly api: string;
  readonly clock: Clock;
}

const VERSION_MIN = 25;
const AUTHENTICATION_FAILED = 516;

/** Every failure is a sentence that says what to do; the address is named without its password. */
export async function useExternal(options: ExternalOptions): Promise<Result<ClickHouseServer, string>> {
  const { clock, database, api } = options;
  const address = new URL(options.url);
  const writer = {
    user: decodeURIComponent(address.username) || 'default',
    password: decodeURIComponent(address.password),
  };
  address.username = address.password = '';
  const url = address.href.replace(/\/$/, '');
  const users = readUsers(writer.password);
  const open = (credentials: Credentials) => connect({ url, credentials, clock });
  const [admin, querier] = [open(writer), open(users.querier)];
  try {
    const [row] = await admin.query('SELECT version() AS version');
    const version = String(row?.['version']);
    if (Number.parseInt(version, 10) < VERSION_MIN) {
      return err(`ClickHouse at ${url} is version ${version}: ${String(VERSION_MIN)} or newer is needed`);
    }
    if (!(await mayEnter(querier))) {
      for (const statement of userStatements(users, database, api)) await admin.command(statement);
    }
    return ok({ url, writer, ...users });
  } catch (cause) {
    if (!(cause instanceof TablesError)) throw cause;
    return err(`ClickHouse at ${url} cannot be used as ${writer.user}: ${cause.detail}`);
  } finally {
    await Promise.all([admin.close(), querier.close()]);
  }
}

async function mayEnter(tables: Tables): Promise<boolean> {
  try {
    await tables.query('SELECT 1');
    return true;
  } catch (cause) {
    if (cause instanceof TablesError && cause.code === AUTHENTICATION_FAILED) return false;
    throw cause;
  }
}
