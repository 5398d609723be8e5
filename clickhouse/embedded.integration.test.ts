/** The embedded server as processes: one per folder, back after a crash or a hang, gone with its parent, and clear about what it cannot do. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { systemClock as clock } from '../runtime/clock.js';
import { packageRoot } from '../runtime/entry.js';
import { silentLogger } from '../runtime/logger.js';
import { connect, type Tables } from './client.js';
import { startEmbedded, type EmbeddedOptions, type EmbeddedServer } from './embedded.js';
import { layout } from './config-files.js';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function folder(): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'runlog-embedded-'));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const options = (dir: string, more: Partial<EmbeddedOptions> = {}): EmbeddedOptions => ({
  dir,
  memoryBytesMax: 2 * 1024 ** 3,
  clock,
  logger: silentLogger,
  ...more,
});

async function start(dir: string, more: Partial<EmbeddedOptions> = {}): Promise<EmbeddedServer> {
  const started = await startEmbedded(options(dir, more));
  if (!started.ok) throw new Error(started.error.detail);
  cleanups.push(() => started.value.stop());
  return started.value;
}

function open(server: EmbeddedServer): Tables {
  const tables = connect({ url: server.url, credentials: server.writer, clock });
  cleanups.push(() => tables.close());
  return tables;
}

const restarted = (server: EmbeddedServer) => new Promise<void>((resolve) => server.onRestart(resolve));

async function makeRows(tables: Tables): Promise<void> {
  await tables.command('CREATE DATABASE kept ENGINE = Atomic');
  await tables.command('CREATE TABLE kept.rows (n UInt64) ENGINE = MergeTree ORDER BY n');
  await tables.command('INSERT INTO kept.rows SELECT number FROM numbers(1000)');
}

const countRows = async (tables: Tables) => (await tables.query('SELECT count() AS n FROM kept.rows'))[0]?.['n'];

/** A process that ended but was not collected yet does not count. */
const isRunning = (pid: number) =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

test('a second start on the same folder is refused in one sentence and leaves the first alone', async () => {
  const dir = folder();
  const first = await start(dir);
  const config = readFileSync(layout(dir).config, 'utf8');
  const second = await startEmbedded(options(dir));
  expect(second).toEqual({
    ok: false,
    error: { detail: `Another server is running on the folder ${dir}: stop it first, or choose another folder.` },
  });
  expect(readFileSync(layout(dir).config, 'utf8')).toBe(config);
  expect(await open(first).query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a killed child is replaced on the same port with the same passwords, and acknowledged rows are there', async () => {
  const server = await start(folder());
  const tables = open(server);
  await makeRows(tables);
  const before = server.pid();
  for (let kill = 0; kill < 3; kill++) {
    const back = restarted(server);
    process.kill(server.pid(), 'SIGKILL');
    await back;
    expect(await countRows(tables)).toBe(1000);
  }
  expect(server.pid()).not.toBe(before);
});

test('a child that hangs is killed and replaced', async () => {
  // short enough to be found soon, and long enough for one that is only slow to answer in
  const server = await start(folder(), { pingEveryMs: 500 });
  const tables = open(server);
  await makeRows(tables);
  const hung = server.pid();
  const back = restarted(server);
  process.kill(hung, 'SIGSTOP');
  await back;
  expect(server.pid()).not.toBe(hung);
  expect(await countRows(tables)).toBe(1000);
});

test('a stopped server leaves no process, and the folder opens again with its rows and passwords', async () => {
  const dir = folder();
  const first = await start(dir);
  await makeRows(open(first));
  const pid = first.pid();
  await first.stop();
  expect(isRunning(pid)).toBe(false);
  const second = await start(dir);
  expect(second.writer).toEqual(first.writer);
  expect(second.reader).toEqual(first.reader);
  expect(await countRows(open(second))).toBe(1000);
});

test('the child ends when its parent is killed, and the folder can be started again at once', async () => {
  const dir = folder();
  const dist = (name: string) => JSON.stringify(path.join(packageRoot, 'dist', name));
  const script = `
    import { startEmbedded } from ${dist('clickhouse/embedded.js')};
    import { systemClock as clock } from ${dist('runtime/clock.js')};
    import { silentLogger as logger } from ${dist('runtime/logger.js')};
    const started = await startEmbedded({ dir: ${JSON.stringify(dir)}, memoryBytesMax: 2e9, clock, logger });
    console.log(started.value.pid());`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
  const pid = Number(line);
  expect(isRunning(pid)).toBe(true);
  parent.kill('SIGKILL');
  await start(dir);
  expect(isRunning(pid)).toBe(false);
});

test('a port that is taken is said at once', async () => {
  const stranger = net.createServer().listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  cleanups.push(() => void stranger.close());
  const { port } = stranger.address() as net.AddressInfo;
  const started = await startEmbedded(options(folder(), { port }));
  expect(started).toMatchObject({
    ok: false,
    error: { detail: expect.stringContaining('Address already in use') as string },
  });
});

test('where the engine is missing, the sentence names the way out', async () => {
  process.env['CHDB_LIBCHDB_PATH'] = '/nowhere/libchdb.so';
  cleanups.push(() => void delete process.env['CHDB_LIBCHDB_PATH']);
  const started = await startEmbedded(options(folder()));
  if (started.ok) throw new Error('it started');
  expect(started.error.detail).toMatch(/^The embedded ClickHouse cannot run here \(.*\): use .* --clickhouse URL\.$/);
});

test('only the owner can read the files with secrets', async () => {
  const dir = folder();
  await start(dir);
  const files = layout(dir);
  for (const file of [files.password, files.users, files.config]) expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(files.users, 'utf8')).not.toContain(readFileSync(files.password, 'utf8'));
});

test('the engine keeps within its idle memory', async () => {
  const server = await start(folder());
  await open(server).query('SELECT 1');
  const status = readFileSync(`/proc/${server.pid()}/status`, 'utf8');
  expect(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1])).toBeLessThan(400 * 1024);
});
