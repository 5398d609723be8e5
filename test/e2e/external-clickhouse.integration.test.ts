/** A server on a ClickHouse that runs by itself: the same answers, its own survival of the other's restart, and a sentence where it cannot be used. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TopAnswer } from '../../query/api.js';
import { entryFile } from '../../runtime/entry.js';
import { init } from '../../sdk/typescript/src/index.js';
import { ClickHouseProcess } from '../services/clickhouse.js';
import { startStack, type Stack } from '../stack.js';
import { ask } from './api.js';

const data = mkdtempSync(path.join(os.tmpdir(), 'runlog-clickhouse-alone-'));
let clickhouse: ClickHouseProcess;
let stack: Stack;

beforeAll(async () => {
  clickhouse = await ClickHouseProcess.start();
  stack = await startStack(['--clickhouse', clickhouse.address]);
});

afterAll(async () => {
  await stack.stop();
  await clickhouse.dispose();
  rmSync(data, { recursive: true, force: true });
});

async function logged(id: string, acc: number): Promise<string> {
  const run = init({ url: stack.url(), experiment: 'external', id, name: id });
  run.log({ acc }, 1);
  const report = await run.finish();
  expect(report.complete).toBe(true);
  return report.position ?? '';
}

const top = async (at: string) =>
  (await ask<TopAnswer>(stack.url(), 'GET', `/api/v1/top?metric=acc&k=5&at=${at}`)).body.runs.map(({ run }) => run.id);

it('answers from it, without a ClickHouse of its own, and goes on after it was away', async () => {
  expect(stack.clickhousePid()).toBeUndefined();
  const first = await logged('first', 0.5);
  expect(await top(first)).toEqual(['first']);
  await clickhouse.end();
  const second = await logged('second', 0.9);
  await clickhouse.start();
  await expect.poll(() => top(second), { timeout: 60_000 }).toEqual(['second', 'first']);
});

it('says in a sentence, without the password, why one cannot be used', async () => {
  const refused = async (url: string) => {
    const args = [
      entryFile('cli/main'),
      'serve',
      '--port',
      '0',
      '--data',
      path.join(data, 'other'),
      '--clickhouse',
      url,
    ];
    return new Promise<string>((resolve) => {
      execFile(process.execPath, args, (error, _, stderr) => resolve(`${String(error?.code)} ${stderr}`));
    });
  };
  const wrong = new URL(clickhouse.address);
  wrong.password = 'let-me-in';
  const said = await refused(wrong.href);
  expect(said).toMatch(/^1 runlog: ClickHouse at http:\S+ cannot be used as writer: .*Authentication failed/);
  expect(said).not.toContain('let-me-in');
  expect(await refused('http://127.0.0.1:1')).toMatch(/^1 runlog: ClickHouse at http:\S+ cannot be used as default: /);
  expect(await refused('tables.example')).toMatch(/^1 runlog: --clickhouse: an address like /);
});
