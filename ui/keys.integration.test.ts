/** The page of a server that wants keys: the browser asks for one, and then all of the page works with it, live updates too. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServerProcess, type ServerProcess } from '../bench/server-process.js';
import { entryFile } from '../runtime/entry.js';
import { launchBrowser, openPage } from '../test/browser.js';

const data = mkdtempSync(path.join(os.tmpdir(), 'runlog-keys-'));
let server: ServerProcess;
let browser: Browser;
let keys: { readonly read: string; readonly write: string };

function createKey(scope: string): string {
  const args = [entryFile('cli/main'), 'keys', 'create', scope, '--scope', scope, '--json', '--data', data];
  return (JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as { secret: string }).secret;
}

beforeAll(async () => {
  keys = { read: createKey('read'), write: createKey('write') };
  server = await startServerProcess(data, ['--require-keys']);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await server.stop();
  rmSync(data, { recursive: true, force: true });
});

const send = (at: string, body: object) =>
  fetch(`${server.url}/api/v1${at}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${keys.write}` },
    body: JSON.stringify(body),
  });

test('shows runs to whoever gives a key, and follows them', async () => {
  expect((await send('/runs', { id: 'secret-run', name: 'secret run', experiment: 'private' })).status).toBe(201);
  const { page, context } = await openPage(browser, { httpCredentials: { username: 'anyone', password: keys.read } });
  await page.goto(`${server.url}/experiments/private?charts=0`);
  await expect.poll(() => page.locator('.table-row').allTextContents(), { timeout: 60_000 }).toHaveLength(1);
  await expect.poll(() => page.getByText('live', { exact: true }).count(), { timeout: 60_000 }).toBe(1);
  expect((await send('/runs', { id: 'second', name: 'second run', experiment: 'private' })).status).toBe(201);
  await expect.poll(() => page.locator('.table-row').count(), { timeout: 60_000 }).toBe(2);
  await context.close();
});

test('says that a key is needed to whoever gives none', async () => {
  const { page, context } = await openPage(browser);
  await page.goto(`${server.url}/experiments/private`);
  await expect.poll(() => page.getByText('an API key is needed').count(), { timeout: 60_000 }).toBeGreaterThan(0);
  expect(await page.locator('.table-row').count()).toBe(0);
  await context.close();
});
