/** Backup of a whole server in the middle of a flood, and restore: exact at its position, and exact again after all that came later. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startServerProcess, type ServerProcess } from '../../bench/server-process.js';
import type { BackupStatus } from '../../cli/backup.js';
import type { Manifest } from '../../cli/backup-manifest.js';
import { restore } from '../../cli/restore.js';
import { dataLayout } from '../../cli/layout.js';
import { decodeChunk } from '../../events/chunk.js';
import { decodeEnvelope } from '../../events/envelope.js';
import { openFileLog } from '../../events/event-log.file.js';
import { formatPosition, parsePosition } from '../../events/position.js';
import type { RebuildStatus } from '../../projector/rebuild-progress.js';
import { headsOf } from '../../projector/tables-host.js';
import type { RunAnswer } from '../../query/api.js';
import { systemClock as clock } from '../../runtime/clock.js';
import { limits } from '../../runtime/limits.js';
import { silentLogger } from '../../runtime/logger.js';
import { startStack, type Stack } from '../stack.js';
import { databasesOf, differenceOf, storedRows } from '../stored-rows.js';
import { ask } from './api.js';
import { runlog } from './runlog.js';
import { createTraffic, type Traffic } from './traffic.js';

let root: string;
let backup: string;
let stack: Stack;
let traffic: Traffic;
/** Where the clients send to. */
let url: string;
let restored: ServerProcess | undefined;

beforeAll(async () => {
  root = mkdtempSync(path.join(os.tmpdir(), 'runlog-backup-'));
  backup = path.join(root, 'flood');
  stack = await startStack();
  url = stack.url();
  traffic = createTraffic(() => url, 4711);
  await traffic.history(20);
});
afterEach(async () => {
  await restored?.stop();
  restored = undefined;
});
afterAll(async () => {
  await stack.stop();
  rmSync(root, { recursive: true });
});

async function backedUp(to: string): Promise<Manifest> {
  expect((await ask(stack.url(), 'POST', '/api/v1/admin/backup', { to })).status).toBe(202);
  for (;;) {
    const { body } = await ask<BackupStatus>(stack.url(), 'GET', '/api/v1/admin/backup');
    expect(body.error).toBeNull();
    if (body.phase === 'done') return JSON.parse(readFileSync(path.join(to, 'manifest.json'), 'utf8')) as Manifest;
  }
}

async function restoreInto(name: string, from = backup): Promise<string> {
  const data = path.join(root, name);
  const { code, stderr, stdout } = await runlog('restore', '--from', from, '--data', data);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain(data);
  return data;
}

async function expectCounts(server: string, counts: ReadonlyMap<string, number>, at: string): Promise<void> {
  expect(counts.size).toBeGreaterThan(3);
  for (const [series, count] of counts) {
    const [id = '', key = ''] = series.split(' ');
    const { status, body } = await ask<RunAnswer>(server, 'GET', `/api/v1/runs/${id}?at=${at}`);
    expect(status).toBe(200);
    expect(body.run.metrics[key]?.count, series).toBe(count);
  }
}

/** The end of the log in the folder of a stopped server. */
async function endOfLog(data: string): Promise<string> {
  const log = await openFileLog(dataLayout(data).log, { metricsPartitions: 1, clock });
  const end = formatPosition(headsOf(log));
  await log.close();
  return end;
}

/** Points per run and key that the log of a folder has up to a position, each batch once. */
async function countsOnLog(data: string, position: string): Promise<Map<string, number>> {
  const upTo = parsePosition(position);
  if (!upTo.ok) throw new Error(upTo.error);
  const log = await openFileLog(dataLayout(data).log, { metricsPartitions: 1, clock });
  const counts = new Map<string, number>();
  const seen = new Set<string>();
  const at = { topic: 'metrics', partition: 0 } as const;
  const last = upTo.value.metrics[0] ?? -1;
  for (let next = 0; next <= last;) {
    for (const { offset, value } of await log.read(at, next, limits.logReadBytesMax)) {
      next = offset + 1;
      if (offset > last) break;
      const envelope = decodeEnvelope(value);
      const chunk = envelope.ok ? decodeChunk(envelope.value.chunk) : envelope;
      if (!envelope.ok || !chunk.ok) throw new Error(`no chunk at ${String(offset)}`);
      const { writer, seq, series, seriesIndex } = chunk.value;
      const batch = `${envelope.value.run} ${writer} ${String(seq)}`;
      if (seen.has(batch)) continue;
      seen.add(batch);
      for (const index of seriesIndex) {
        const name = `${envelope.value.run} ${series[index]?.key ?? ''}`;
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
  }
  await log.close();
  return counts;
}

describe('a backup', () => {
  it('is made in the middle of a flood, and restores to what the log held at its position', async () => {
    const over = new AbortController();
    const writing = traffic.goOn(over.signal);
    const manifest = await backedUp(backup);
    over.abort();
    await writing;
    const uuids = new Map<string, string>();
    for (const id of ['steady', 'second']) {
      const { body } = await ask<RunAnswer>(url, 'GET', `/api/v1/runs/${id}?at=${traffic.position()}`);
      uuids.set(body.run.uuid, id);
    }
    await stack.server().stop();

    const named = (counts: ReadonlyMap<string, number>) =>
      new Map(
        [...counts].flatMap(([series, count]): [string, number][] => {
          const [uuid = '', key = ''] = series.split(' ');
          const id = uuids.get(uuid);
          return id === undefined ? [] : [[`${id} ${key}`, count]];
        }),
      );
    const expected = named(await countsOnLog(stack.data, manifest.position));
    const all = named(await countsOnLog(stack.data, traffic.position()));
    expect(all).toEqual(traffic.acknowledged);
    // it was a flood: the backup is of its middle
    expect(expected.get('steady loss')).toBeLessThan(all.get('steady loss') ?? 0);
    restored = await startServerProcess(await restoreInto('flood-data'));
    await expectCounts(restored.url, expected, manifest.position);

    // clients go on with the restored server: what it has is not counted again, what it lacks is
    url = restored.url;
    await traffic.resendAll();
    await expectCounts(url, traffic.acknowledged, traffic.position());
    await restored.stop();
    await stack.start();
    url = stack.url();
  });

  it('under the log of today catches up to exact counts', async () => {
    await stack.server().stop();
    const data = await restoreInto('under-newer-log');
    rmSync(dataLayout(data).log, { recursive: true });
    cpSync(dataLayout(stack.data).log, dataLayout(data).log, { recursive: true });
    const end = await endOfLog(data);
    restored = await startServerProcess(data);
    await expectCounts(restored.url, traffic.acknowledged, end);
    await stack.start();
    url = stack.url();
  });

  it('of tables that the log has switched away from is filled anew from the log', async () => {
    await ask(url, 'POST', '/api/v1/admin/rebuild', {});
    while ((await ask<RebuildStatus>(url, 'GET', '/api/v1/admin/rebuild')).body.phase !== 'done');
    await stack.server().stop();
    const data = await restoreInto('under-switched-log');
    rmSync(dataLayout(data).log, { recursive: true });
    cpSync(dataLayout(stack.data).log, dataLayout(data).log, { recursive: true });
    const end = await endOfLog(data);
    restored = await startServerProcess(data);
    await expectCounts(restored.url, traffic.acknowledged, end);
    expect(await databasesOf(data)).toEqual(['api', 'api_g2', 'runlog_g2']);
    await stack.start();
    url = stack.url();
  });

  it('of a quiet server restores to equal tables, which are all there after two starts without a write', async () => {
    const quiet = path.join(root, 'quiet');
    const { code, stdout, stderr } = await runlog('backup', '--to', quiet, '--url', url);
    expect([code, stdout.startsWith(`${quiet} is a backup at position `)]).toEqual([0, true]);
    expect(stderr).toContain('100 %');
    const { position } = JSON.parse(readFileSync(path.join(quiet, 'manifest.json'), 'utf8')) as Manifest;
    const data = await restoreInto('quiet-data', quiet);
    for (let starts = 0; starts < 2; starts++) {
      restored = await startServerProcess(data);
      await expectCounts(restored.url, traffic.acknowledged, position);
      await restored.stop();
    }
    restored = await startServerProcess(data);
    expect(differenceOf(await storedRows(stack.data), await storedRows(data))).toBeUndefined();
  });

  it('needs a folder of its own, and so does what it is restored to', async () => {
    const full = path.join(root, 'full');
    mkdirSync(full);
    writeFileSync(path.join(full, 'thesis.tex'), 'mine');
    const refused = await ask<{ detail: string }>(url, 'POST', '/api/v1/admin/backup', { to: full });
    expect([refused.status, refused.body.detail]).toEqual([
      409,
      `${full} is not empty: a backup needs a folder of its own`,
    ]);
    expect((await ask(url, 'POST', '/api/v1/admin/backup', { to: 'relative' })).status).toBe(400);
    const ended = await runlog('restore', '--from', backup, '--data', full);
    expect(ended).toMatchObject({
      code: 1,
      stderr: `runlog: ${full} is not empty: restore into a folder of its own\n`,
    });
    expect(readFileSync(path.join(full, 'thesis.tex'), 'utf8')).toBe('mine');
  });

  it.each<[string, (dir: string, file: string) => void, string]>([
    ['a file is missing', (_, file) => rmSync(file), 'is missing'],
    ['a file is cut short', (_, file) => truncateSync(file, 100), 'has 100 bytes instead of'],
    [
      'a byte has changed',
      (_, file) => {
        const bytes = readFileSync(file);
        bytes[70] = (bytes[70] ?? 0) ^ 1;
        writeFileSync(file, bytes);
      },
      'has changed',
    ],
    ['it was not finished', (dir) => rmSync(path.join(dir, 'manifest.json')), 'is no complete backup'],
    ['its manifest is torn', (dir) => truncateSync(path.join(dir, 'manifest.json'), 50), 'is no JSON'],
    [
      'a later version made it',
      (dir) => writeFileSync(path.join(dir, 'manifest.json'), '{"format":2}'),
      'made by a later version',
    ],
  ])('is refused in one sentence when %s', async (_, damage, sentence) => {
    const dir = path.join(root, 'damaged');
    cpSync(backup, dir, { recursive: true });
    damage(dir, path.join(dir, 'log', 'metrics-0', '0000000000000000.log'));
    const data = path.join(root, 'never');
    const refused = await restore({ from: dir, data, clock, logger: silentLogger });
    expect(refused).toEqual({ ok: false, error: expect.stringMatching(/^[^\n]+$/) as string });
    expect(refused).toMatchObject({ error: expect.stringContaining(sentence) as string });
    expect(existsSync(data)).toBe(false);
    rmSync(dir, { recursive: true });
  });
});
