/** A server on a ClickHouse that runs by itself: the same answers, its own survival of the other's restart, and a sentence where it cannot be used. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TopAnswer } from '../../query/api.js';
import { entryFile } from '../../runtime/entry.js';
import { init } from '../../sdk/typescript/src/index.js';
import { startStack, type Stack } from '../stack.js';
import { ask } from './api.js';

const data = mkdtempSync(path.join(os.tmpdir(), 'runlog-clickhouse-alone-'));
let clickhouse: ChildProcess;
let address: string;
let stack: Stack;

/** Resolves with the address that it prints. */
function startClickHouse(port: string): Promise<[ChildProcess, string]> {
  const child = spawn(process.execPath, [entryFile('cli/main'), 'clickhouse', '--data', data, '--port', port], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.on('exit', (code) => reject(new Error(`runlog clickhouse ended with ${String(code)}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /RUNLOG_CLICKHOUSE=(\S+)/.exec(line)?.[1];
      if (found !== undefined) resolve([child, found]);
    });
  });
}

function stopClickHouse(): Promise<void> {
  return new Promise((resolve) => {
    clickhouse.once('exit', () => resolve());
    clickhouse.kill('SIGTERM');
  });
}

beforeAll(async () => {
  [clickhouse, address] = await startClickHouse('0');
  stack = await startStack(['--clickhouse', address]);
});

afterAll(async () => {
  await stack.stop();
  await stopClickHouse();
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
  await stopClickHouse();
  const second = await logged('second', 0.9);
  [clickhouse] = await startClickHouse(new URL(address).port);
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
  const wrong = new URL(address);
  wrong.password = 'let-me-in';
  const said = await refused(wrong.href);
  expect(said).toMatch(/^1 runlog: ClickHouse at http:\S+ cannot be used as writer: .*Authentication failed/);
  expect(said).not.toContain('let-me-in');
  expect(await refused('http://127.0.0.1:1')).toMatch(/^1 runlog: ClickHouse at http:\S+ cannot be used as default: /);
  expect(await refused('tables.example')).toMatch(/^1 runlog: --clickhouse: an address like /);
});
