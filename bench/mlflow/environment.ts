/** The newest MLflow from PyPI in a virtual environment of its own, in a cache folder outside the tree; made once, upgraded on every run. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const cache = path.join(process.env['XDG_CACHE_HOME'] ?? os.tmpdir(), `runlog-bench-${os.userInfo().username}`);
const folder = path.join(cache, 'mlflow-venv');
const installMsMax = 900_000;

export interface MlflowEnvironment {
  readonly version: string;
  readonly python: string;
  readonly mlflow: string;
}

const run = (command: string, args: readonly string[]) =>
  spawnSync(command, args, { encoding: 'utf8', timeout: installMsMax });

/** The environment, or why there is none. */
export function prepareMlflow(withPostgres: boolean): MlflowEnvironment | { readonly missing: string } {
  if (run('python3', ['--version']).status !== 0) return { missing: 'python3 is not on the PATH' };
  const python = path.join(folder, 'bin', 'python');
  const mlflow = path.join(folder, 'bin', 'mlflow');
  if (!existsSync(python)) {
    mkdirSync(cache, { recursive: true });
    const made = run('python3', ['-m', 'venv', folder]);
    if (made.status !== 0) return { missing: `python3 -m venv failed (pip or venv missing?): ${made.stderr}` };
  }
  const packages = ['mlflow', ...(withPostgres ? ['psycopg2-binary'] : [])];
  const installed = run(python, ['-m', 'pip', 'install', '--quiet', '--upgrade', ...packages]);
  if (installed.status !== 0) {
    if (!existsSync(mlflow)) return { missing: `pip could not install mlflow: ${installed.stderr.slice(-500)}` };
    console.log('pip could not look for a newer mlflow; the one that is installed is used');
  }
  const version = run(python, ['-c', 'from importlib.metadata import version; print(version("mlflow"))']).stdout.trim();
  return { version, python, mlflow };
}
