/** What `doctor` looks at where it runs: Node, the platform and its engine, the folder and its disk. */
import { constants, existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { DoctorFinding } from '../clickhouse/doctor.js';
import { limits } from '../runtime/limits.js';
import { freeBytesOf } from './instance.js';

export const found = (check: string, wrong: boolean, detail: string, advice: string): DoctorFinding =>
  wrong ? { check, ok: false, detail, advice } : { check, ok: true, detail };

const giB = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;

export async function machineFindings(data: string): Promise<DoctorFinding[]> {
  let dir = data;
  while (!existsSync(dir)) dir = path.dirname(dir);
  return [nodeFinding(), engineFinding(), await folderFinding(data, dir), await diskFinding(data, dir)];
}

function nodeFinding(): DoctorFinding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const fits = major > 20 || (major === 20 && minor >= 11);
  return found('node', !fits, process.version, 'install Node 20.11 or newer');
}

function engineFinding(): DoctorFinding {
  const place = `${process.platform} ${process.arch}`;
  const advice = 'run it on Linux x64 with glibc, or in a container with one';
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return found('engine', true, `there is no embedded ClickHouse for ${place}`, advice);
  }
  const report = process.report.getReport() as { readonly header?: { readonly glibcVersionRuntime?: string } };
  const glibc = report.header?.glibcVersionRuntime;
  if (glibc === undefined) return found('engine', true, `${place} without glibc`, advice);
  try {
    createRequire(import.meta.url).resolve('@chdb/lib-linux-x64-gnu/package.json');
  } catch {
    const missing = 'the package @chdb/lib-linux-x64-gnu is not installed';
    return found('engine', true, missing, 'run "npm ci" without leaving optional dependencies out');
  }
  return found('engine', false, `${place}, glibc ${glibc}, libchdb is there`, advice);
}

async function folderFinding(data: string, dir: string): Promise<DoctorFinding> {
  const writable = await access(dir, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  const detail = writable ? `${data} is writable` : `${dir} is not writable`;
  return found(
    'folder',
    !writable,
    detail,
    'give the user that runs the server the right to write, or name another --data',
  );
}

async function diskFinding(data: string, dir: string): Promise<DoctorFinding> {
  const free = await freeBytesOf(dir);
  const advice = 'free some space or move the folder with --data';
  return found('disk', free < limits.diskFreeBytesAdvised, `${giB(free)} free for ${data}`, advice);
}
