/** An MLflow server on a fresh store: an SQLite file, or a database of a Postgres that is started for it. */
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { freePort, startChild, waitUntil } from './child.js';
import type { MlflowEnvironment } from './environment.js';

export type StoreKind = 'sqlite' | 'postgres';

export interface StoreBytes {
  /** Of the tables that hold metrics, with their indexes; in SQLite the file. */
  readonly tables: number;
  readonly all: number;
}

interface Store {
  readonly uri: string;
  readonly bytes: () => StoreBytes;
  readonly stop: () => Promise<void>;
}

export interface MlflowServer {
  readonly name: string;
  readonly url: string;
  readonly bytes: () => StoreBytes;
  readonly stop: () => Promise<void>;
}

/** Why there can be no Postgres; undefined when there can. */
export function postgresMissing(): string | undefined {
  const lacks = ['postgres', 'initdb'].filter((name) => spawnSync(name, ['--version']).status !== 0);
  return lacks.length === 0 ? undefined : `${lacks.join(' and ')} not on the PATH`;
}

function sqliteStore(dir: string): Store {
  const file = path.join(dir, 'mlflow.db');
  const bytes = () =>
    ['', '-wal', '-journal'].reduce((sum, end) => sum + (existsSync(file + end) ? statSync(file + end).size : 0), 0);
  return { uri: `sqlite:///${file}`, bytes: () => ({ tables: bytes(), all: bytes() }), stop: () => Promise.resolve() };
}

/** Postgres refuses to run as root: then it runs as nobody. */
const nobody = 65_534;

async function postgresStore(dir: string, python: string): Promise<Store> {
  const data = path.join(dir, 'postgres');
  mkdirSync(data, { mode: 0o700 });
  const user = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  if ('uid' in user) {
    for (const folder of [dir, data]) chownSync(folder, nobody, nobody);
  }
  const options = { ...user, cwd: dir, env: { ...process.env, HOME: dir } };
  const made = spawnSync('initdb', ['-D', data, '-U', 'mlflow', '-A', 'trust', '-E', 'UTF8', '--no-locale'], {
    ...options,
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  const port = await freePort();
  const args = ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-k', data];
  const child = startChild('postgres', args, options);
  const at = `mlflow@127.0.0.1:${String(port)}/postgres`;
  const select = (sql: string): string | undefined => {
    const script =
      'import sys, psycopg2; c = psycopg2.connect(sys.argv[1]).cursor(); c.execute(sys.argv[2]); print(*c.fetchone())';
    const answer = spawnSync(python, ['-c', script, `postgresql://${at}`, sql], { encoding: 'utf8' });
    return answer.status === 0 ? answer.stdout.trim() : undefined;
  };
  await waitUntil(child, () => Promise.resolve(select('SELECT 1') === '1'));
  return {
    // the driver is named: which one SQLAlchemy takes by itself changes between its versions
    uri: `postgresql+psycopg2://${at}`,
    bytes() {
      const sizes = select(
        "SELECT pg_total_relation_size('metrics') + pg_total_relation_size('latest_metrics'), pg_database_size('postgres')",
      );
      const [tables = NaN, all = NaN] = sizes?.split(' ').map(Number) ?? [];
      return { tables, all };
    },
    stop: () => child.stop(),
  };
}

/** `workers` undefined is what `mlflow server` takes by itself. */
export async function startMlflow(
  environment: MlflowEnvironment,
  kind: StoreKind,
  workers: number | undefined,
  dir: string,
): Promise<MlflowServer> {
  const store = kind === 'sqlite' ? sqliteStore(dir) : await postgresStore(dir, environment.python);
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  const artifacts = path.join(dir, 'artifacts');
  mkdirSync(artifacts);
  const args = ['server', '--backend-store-uri', store.uri, '--artifacts-destination', artifacts];
  args.push('--host', '127.0.0.1', '--port', String(port));
  if (workers !== undefined) args.push('--workers', String(workers));
  const child = startChild(environment.mlflow, args, {
    cwd: dir,
    env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: 'true' },
  });
  const stop = async () => {
    await child.stop();
    await store.stop();
  };
  try {
    await waitUntil(child, async () => (await fetch(`${url}/health`)).ok);
  } catch (error) {
    await stop();
    throw error;
  }
  const named = workers === undefined ? 'its 4 workers' : `${String(workers)} worker`;
  return { name: `MLflow, ${kind === 'sqlite' ? 'SQLite' : 'Postgres'}, ${named}`, url, bytes: store.bytes, stop };
}
