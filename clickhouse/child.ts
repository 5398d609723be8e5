/** Entry of the child process that is the embedded ClickHouse server; the only importer of ffi-rs and chdb. Its main thread lives inside the engine. */
import path from 'node:path';
import { createRequire } from 'node:module';
import { createReadStream, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker } from 'node:worker_threads';
import { limits } from '../runtime/limits.js';
import { repairDedupLogs } from './dedup-log.js';
import { layout, prepareFolder, writeFiles, type ChildMessage, type ChildSpec } from './config-files.js';

const LOCK_EXCLUSIVE_OR_FAIL = 6;

/** The engine's own command line: it opens the HTTP port and then sleeps for ever in a query that costs nothing. */
const engineArguments = (dir: string): string[] => [
  'clickhouse-local', // the program's name: without it the engine would take the first option for that, and drop it
  `--config-file=${layout(dir).config}`,
  `--path=${layout(dir).data}`,
  '--log-level=warning',
  '--query=SYSTEM START LISTEN HTTP; SELECT ignore(sleepEachRow(3)) FROM system.numbers SETTINGS max_block_size=1 FORMAT Null',
];

// Written and ended without the event loop: the engine blocks it, and leaving through exit handlers crashes inside the engine.
function say(message: ChildMessage): void {
  writeSync(1, `${JSON.stringify(message)}\n`);
}

function end(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable');
}

async function loadEngine() {
  const ffi = await import('ffi-rs');
  const library = process.env['CHDB_LIBCHDB_PATH'] ?? libraryPath();
  ffi.open({ library: 'process', path: '' });
  ffi.open({ library: 'chdb', path: library });
  return ffi;
}

type Ffi = Awaited<ReturnType<typeof loadEngine>>;

/**
 * The kernel frees this lock when the process ends, however it ends. A holder whose parent is gone is ending: it is waited for, so
 * that a server that was killed can be started again at once.
 */
function lockFolder(ffi: Ffi, dir: string): boolean {
  const { load, DataType } = ffi;
  const file = openSync(layout(dir).lock, 'a+', 0o600);
  const tryLock = () =>
    load({
      library: 'process',
      funcName: 'flock',
      retType: DataType.I32,
      paramsType: [DataType.I32, DataType.I32],
      paramsValue: [file, LOCK_EXCLUSIVE_OR_FAIL],
    }) === 0;
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let waitedMs = 0; !tryLock(); waitedMs += limits.embeddedLockPollMs) {
    const parent = Number(readFileSync(layout(dir).lock, 'utf8'));
    if (waitedMs > (isAlive(parent) ? limits.embeddedLockWaitMs : limits.shutdownMs)) return false;
    Atomics.wait(pause, 0, 0, limits.embeddedLockPollMs);
  }
  ftruncateSync(file);
  writeSync(file, String(process.ppid));
  return true;
}

/** Also of a process that was killed and that nobody has asked about yet; so even the living are given a moment. */
function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Does not return while the server lives. When it could not start, the engine has said why on stderr. */
function runEngine(ffi: Ffi, dir: string): void {
  const { load, DataType } = ffi;
  const args = engineArguments(dir);
  load({
    library: 'chdb',
    funcName: 'chdb_query_cmdline',
    retType: DataType.External,
    paramsType: [DataType.I32, DataType.StringArray],
    paramsValue: [args.length, args],
  });
}

async function main(spec: ChildSpec): Promise<never> {
  let ffi: Ffi;
  try {
    ffi = await loadEngine();
  } catch (cause) {
    say({ state: 'refused', reason: 'cannot-run', detail: String(cause instanceof Error ? cause.message : cause) });
    end();
  }
  prepareFolder(spec.dir);
  if (!lockFolder(ffi, spec.dir)) {
    say({ state: 'refused', reason: 'in-use', detail: `${spec.dir} is locked` });
    end();
  }
  writeFiles(spec);
  const repaired = repairDedupLogs(layout(spec.dir).tokens);
  if (repaired.length > 0) writeSync(2, `inserts that did not finish, undone: ${JSON.stringify(repaired)}\n`);
  say({ state: 'locked' });
  runEngine(ffi, spec.dir);
  end();
}

/** The parent holds the other end of stdin and never writes: its end, even by kill -9, is the end of this process. */
function endWithParent(): void {
  createReadStream('', { fd: 0 }).on('close', end).on('error', end).resume();
}

if (isMainThread) {
  const watcher = new Worker(fileURLToPath(import.meta.url));
  watcher.once('online', () => void main(JSON.parse(process.argv[2] ?? '{}') as ChildSpec));
} else {
  endWithParent();
}

/** The engine inside its npm package; throws where there is none for this platform. */
function libraryPath(): string {
  const manifest = createRequire(import.meta.url).resolve('@chdb/lib-linux-x64-gnu/package.json');
  return path.join(path.dirname(manifest), 'libchdb.so');
}
