/** Taking a server out of service: what is under way is answered, what never ends is not waited for. */
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { createManualClock } from '../test/manual-clock.js';
import { createDrain } from './drain.js';

async function serving() {
  const clock = createManualClock();
  const responses: ServerResponse[] = [];
  const server = createServer((_, response) => void responses.push(response));
  const { drain } = createDrain(server, clock);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  /** Resolves when the request has arrived. */
  const asking = async () => {
    const arrived = once(server, 'request');
    const asked = request({ port, host: '127.0.0.1', headers: { connection: 'keep-alive' } });
    const outcome = new Promise<string>((resolve) => {
      asked.on('error', () => resolve('cut off'));
      asked.on('response', (response) => {
        response.on('error', () => resolve('cut off'));
        const said = `${String(response.statusCode)} ${response.headers.connection ?? ''}`;
        response.resume().on('end', () => resolve(said));
      });
    });
    asked.end();
    await arrived;
    return { outcome };
  };
  return { clock, responses, drain, asking };
}

it('waits for the answers that are under way, and their connections end with them', async () => {
  const { responses, drain, asking } = await serving();
  const { outcome } = await asking();
  const drained = drain(1000);
  responses[0]?.end('done');
  expect(await drained).toBe(true);
  expect(await outcome).toBe('200 close');
});

it('ends streams of events by itself', async () => {
  const { responses, drain, asking } = await serving();
  const { outcome } = await asking();
  responses[0]?.setHeader('content-type', 'text/event-stream').write('event: hello\n\n');
  expect(await drain(1000)).toBe(true);
  expect(await outcome).toMatch(/^200/);
});

it('cuts off what is not answered within the bound, and says so', async () => {
  const { clock, drain, asking } = await serving();
  const { outcome } = await asking();
  const drained = drain(1000);
  clock.advance(1000);
  expect(await drained).toBe(false);
  expect(await outcome).toBe('cut off');
});

it('of a server without requests is over at once', async () => {
  const { drain } = await serving();
  expect(await drain(1000)).toBe(true);
});
