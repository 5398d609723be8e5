/** SIGTERM to a real server: no new connections, the request under way is answered and durable, exit 0; and what it said about itself. */
import { once } from 'node:events';
import { request } from 'node:http';
import net from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunAnswer } from '../../query/api.js';
import { startStack, type Stack } from '../stack.js';
import { ask } from './api.js';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

const refused = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });

it('finishes what is under way, takes nothing new, and ends with 0', async () => {
  await ask(stack.url(), 'POST', '/api/v1/runs', { id: 'r', experiment: 'e' });
  const port = Number(new URL(stack.url()).port);
  const live = await fetch(`${stack.url()}/api/v1/live?runs=r`);
  const exited = once(stack.server().process, 'exit');

  // half a request, then SIGTERM, then the other half
  const body = JSON.stringify({ writer: 'w', seq: 0, series: [{ key: 'loss', steps: [1], values: [0.5] }] });
  const headers = { 'content-type': 'application/json', 'content-length': body.length, expect: '100-continue' };
  const slow = request({ port, host: '127.0.0.1', method: 'POST', path: '/api/v1/runs/r/points', headers });
  slow.flushHeaders();
  // the server has the request when it asks for the rest of it
  await once(slow, 'continue');
  slow.write(body.slice(0, 10));
  stack.server().process.kill('SIGTERM');
  await expect.poll(() => refused(port), { timeout: 30_000 }).toBe(true);
  const answered = once(slow, 'response');
  slow.end(body.slice(10));
  const [response] = (await answered) as [{ statusCode: number; headers: Record<string, string> }];
  expect(response.statusCode).toBe(202);
  expect(response.headers['connection']).toBe('close');
  expect(await live.text()).toContain('event: hello');
  expect(await exited).toEqual([0, null]);

  await stack.start();
  const position = String(response.headers['runlog-position']);
  const { body: read } = await ask<RunAnswer>(stack.url(), 'GET', `/api/v1/runs/r?at=${position}`);
  expect(read.run.metrics['loss']).toMatchObject({ count: 1, last: 0.5 });
});

it('is alive but not ready while ClickHouse is away, and ready again when it is back', async () => {
  interface Ready {
    readonly status: string;
    readonly parts: Readonly<Record<string, string>>;
  }
  const ready = () => ask<Ready>(stack.url(), 'GET', '/readyz');
  expect((await ready()).status).toBe(200);
  process.kill(Number(stack.clickhousePid()), 'SIGSTOP');
  const away = await ready();
  expect(away.status).toBe(503);
  expect(away.body.parts['tables']).toContain('ClickHouse does not answer');
  expect(away.headers.get('retry-after')).toBe('1');
  expect((await ask(stack.url(), 'GET', '/healthz')).status).toBe(200);
  process.kill(Number(stack.clickhousePid()), 'SIGCONT');
  await expect.poll(async () => (await ready()).status, { timeout: 60_000 }).toBe(200);
});
