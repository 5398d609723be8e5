/** Servers on brokers that other machines can reach: how the first API key comes to be, and what their probes say. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServerProcess } from '../../bench/server-process.js';
import type { RunAnswer } from '../../query/api.js';
import { entryFile } from '../../runtime/entry.js';
import { describeWithKafka } from '../kafka.js';
import { ScaledStack } from '../services/scaled-stack.js';
import { ask } from './api.js';

const run = promisify(execFile);

interface Ready {
  readonly status: string;
  readonly parts: Readonly<Record<string, string>>;
}

describeWithKafka('a deployment that requires keys', () => {
  const data = mkdtempSync(path.join(os.tmpdir(), 'runlog-deployment-'));
  let stack: ScaledStack;
  let secret = '';
  beforeAll(async () => {
    stack = await ScaledStack.start(['--require-keys']);
  });
  afterAll(async () => {
    await stack.stop();
    rmSync(data, { recursive: true, force: true });
  });

  const statusWith = async (url: string, key?: string): Promise<number> => {
    const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    return (await fetch(`${url}/api/v1/keys`, { headers })).status;
  };

  it('gets its first key from a command that knows brokers and tables, and all instances take it', async () => {
    const urls = stack.apis.map((instance) => instance.process.url);
    for (const url of urls) expect(await statusWith(url)).toBe(401);
    const { stdout } = await run(
      process.execPath,
      [entryFile('cli/main'), 'keys', 'create', 'first', '--scope', 'admin', '--json'],
      {
        env: {
          ...process.env,
          RUNLOG_KAFKA: stack.broker.address,
          RUNLOG_CLICKHOUSE: stack.clickhouse.address,
          RUNLOG_DATA: path.join(data, 'first'),
        },
      },
    );
    ({ secret } = JSON.parse(stdout) as { secret: string });
    for (const url of urls) await expect.poll(() => statusWith(url, secret), { timeout: 60_000 }).toBe(200);
    expect(existsSync(path.join(data, 'first', 'state'))).toBe(true);
    // it has taken no partition from the projectors
    expect(existsSync(path.join(data, 'first', 'projector'))).toBe(false);
  });

  it('tells whoever watches over it, without a key, that each process is well', async () => {
    for (const instance of [...stack.apis, ...stack.projectors]) {
      const ready = async () => (await ask<Ready>(instance.process.url, 'GET', '/readyz')).body;
      const well = { server: 'ok', log: 'ok', state: 'ok', tables: 'ok', projector: 'ok' };
      await expect.poll(ready, { timeout: 60_000 }).toMatchObject({ status: 'ready', parts: well });
      expect((await ask(instance.process.url, 'GET', '/healthz')).status).toBe(200);
    }
  });

  it('tells that the tables are away, on each process, and that they are back', async () => {
    const says = async (url: string) => {
      const { status, body } = await ask<Ready>(url, 'GET', '/readyz');
      return { status, tables: body.parts['tables'] };
    };
    const urls = [...stack.apis, ...stack.projectors].map((instance) => instance.process.url);
    await stack.clickhouse.end();
    for (const url of urls) {
      expect(await says(url)).toMatchObject({
        status: 503,
        tables: expect.stringMatching(/does not answer/) as string,
      });
      expect((await ask(url, 'GET', '/healthz')).status).toBe(200);
    }
    await stack.clickhouse.start();
    for (const url of urls) await expect.poll(() => says(url), { timeout: 60_000 }).toMatchObject({ status: 200 });
  });

  const send = async <T>(method: string, where: string, body?: unknown): Promise<T> => {
    const response = await fetch(stack.url + where, {
      method,
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await response.json()) as T;
  };
  const points = (seq: number) =>
    send<{ position: string }>('POST', '/api/v1/runs/kept/points', {
      writer: 'w',
      seq,
      series: [{ key: 'acc', steps: [seq], values: [seq] }],
    });
  const count = async (position: string) =>
    (await send<Partial<RunAnswer>>('GET', `/api/v1/runs/kept?at=${position}`)).run?.metrics?.['acc']?.count;
  const startFresh = (name: string) => {
    const flags = ['--kafka', stack.broker.address, '--clickhouse', stack.clickhouse.address];
    return startServerProcess(path.join(data, name), flags, 'projector');
  };

  it('says in a sentence why a projector cannot be started', async () => {
    const refused = async (...flags: string[]) => {
      const shared = ['--kafka', stack.broker.address, '--clickhouse', stack.clickhouse.address];
      const started = run(process.execPath, [entryFile('cli/main'), 'projector', ...shared, ...flags]);
      return started.then(
        () => 'it was started',
        (error: { readonly code: number; readonly stderr: string }) => `${String(error.code)} ${error.stderr}`,
      );
    };
    const [first] = stack.projectors;
    const taken = new URL(first?.process.url ?? '').port;
    const elsewhere = path.join(data, 'refused');
    expect(await refused('--data', elsewhere, '--port', taken)).toMatch(/^1 (\{.*\n)*runlog: port \d+ is taken: .*\n$/);
    const one = await startFresh('in-use');
    const used = await refused('--data', path.join(data, 'in-use'), '--port', '0');
    await one.stop();
    expect(used).toMatch(/^1 runlog: .* is in use by process \d+\n$/);
  });

  it('counts exactly with a projector that has nothing but the log and the tables', async () => {
    await send('POST', '/api/v1/runs', { id: 'kept', experiment: 'deployment' });
    const { position } = await points(0);
    await expect.poll(() => count(position), { timeout: 60_000 }).toBe(1);
    await Promise.all(stack.projectors.map((projector) => projector.process.stop()));
    const fresh = await startFresh('fresh');
    try {
      await points(0);
      const second = await points(1);
      await expect.poll(() => count(second.position), { timeout: 60_000 }).toBe(2);
    } finally {
      await fresh.stop();
    }
  });

  it('fills tables that were lost from the log, as the page on operations says', async () => {
    await send('POST', '/api/v1/runs', { id: 'kept', experiment: 'deployment' });
    for (const seq of [0, 1, 1]) await points(seq);
    const { position } = await points(2);
    await Promise.all([...stack.projectors, ...stack.apis].map((instance) => instance.process.stop()));
    const address = new URL(stack.clickhouse.address);
    const writer = { 'X-ClickHouse-User': address.username, 'X-ClickHouse-Key': address.password };
    for (const database of ['api', 'runlog']) {
      const dropped = await fetch(address.origin, {
        method: 'POST',
        headers: writer,
        body: `DROP DATABASE ${database}`,
      });
      expect(`${String(dropped.status)} ${await dropped.text()}`).toMatch(/^200/);
    }
    const fresh = await startFresh('after-the-loss');
    try {
      const filled = async () => {
        const text = await (await fetch(`${fresh.url}/metrics`)).text();
        const lags = [...text.matchAll(/^runlog_projector_lag_events\{.*\} (\d+)$/gm)].map(([, lag]) => Number(lag));
        return {
          level: lags.every((lag) => lag === 0),
          points: /^runlog_projector_points_total (\d+)$/m.exec(text)?.[1],
        };
      };
      await expect.poll(filled, { timeout: 60_000 }).toEqual({ level: true, points: '3' });
      for (const instance of stack.apis) await instance.restart();
      await expect.poll(() => count(position), { timeout: 60_000 }).toBe(3);
    } finally {
      await fresh.stop();
    }
  });
});
