/** The TypeScript SDK against a real HTTP server: what it sends, and how it behaves when the server is unwell. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeChunk, type DecodedChunk } from '../../../events/chunk.js';
import { init, mergePositions } from './index.js';

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly key: string | undefined;
  readonly body: Buffer;
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body: object;
}

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

async function listen(answer: (seen: Seen, nth: number) => Answer): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const own = createServer((request: IncomingMessage, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const key = request.headers['idempotency-key'];
      const one = {
        method: request.method ?? '',
        path: request.url ?? '',
        key: String(key),
        body: Buffer.concat(parts),
      };
      seen.push(one);
      const { status, headers, body } = answer(one, seen.length);
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    });
  });
  server = own;
  await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${String((own.address() as AddressInfo).port)}`, seen };
}

const fine = (): Answer => ({ status: 202, body: { position: 'e.1.2' } });

function chunksOf(seen: readonly Seen[]): DecodedChunk[] {
  return seen
    .filter(({ path }) => path.endsWith('/points'))
    .map(({ body }) => {
      const chunk = decodeChunk(new Uint8Array(body));
      if (!chunk.ok) throw new Error(`${chunk.error.field} ${chunk.error.detail}`);
      return chunk.value;
    });
}

describe('a run', () => {
  it('sends its start, its points in one frame and its end, in this order', async () => {
    const { url, seen } = await listen(fine);
    const run = init({ url, experiment: 'e', id: 'r/1', config: { opt: { lr: 0.1 } } });
    run.log({ loss: 1.5, train: { acc: 0.25 } });
    run.log({ loss: Number.NaN }, 7.5);
    const report = await run.finish();
    expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /api/v1/runs',
      'POST /api/v1/runs/r%2F1/points',
      'POST /api/v1/runs/r%2F1/finish',
    ]);
    expect(JSON.parse(String(seen[0]?.body))).toMatchObject({
      id: 'r/1',
      experiment: 'e',
      params: { 'opt.lr': '0.1' },
    });
    const [chunk] = chunksOf(seen);
    expect(chunk?.series.map(({ key }) => key)).toEqual(['loss', 'train/acc']);
    expect([...(chunk?.step ?? [])]).toEqual([0n, 0n, 7n]);
    expect([...(chunk?.micro ?? [])]).toEqual([0, 0, 500_000]);
    expect([...(chunk?.value ?? [])]).toEqual([1.5, 0.25, Number.NaN]);
    expect(report).toEqual({ complete: true, sentPoints: 3, droppedPoints: 0, rejectedPoints: 0, position: 'e.1.2' });
  });

  it('keeps negative and decimal steps apart from their neighbours', async () => {
    const { url, seen } = await listen(fine);
    const run = init({ url, experiment: 'e' });
    run.log({ m: 1 }, -0.5);
    run.log({ m: 1 }, -4_294_967_297);
    run.log({ m: 1 }, 2 ** 40 + 3);
    await run.finish();
    const [chunk] = chunksOf(seen);
    expect([...(chunk?.step ?? [])]).toEqual([-1n, -4_294_967_297n, 2n ** 40n + 3n]);
    expect([...(chunk?.micro ?? [])]).toEqual([500_000, 0, 0]);
  });

  it('sends a refused attempt again with the same bytes and key after 503', async () => {
    const { url, seen } = await listen((_one, nth) =>
      nth === 1 || nth === 3 ? { status: 503, headers: { 'retry-after': '0' }, body: {} } : fine(),
    );
    const troubles: string[] = [];
    const run = init({ url, experiment: 'e', onTrouble: (message) => troubles.push(message) });
    run.log({ m: 1 });
    const report = await run.finish();
    expect(report.complete).toBe(true);
    expect(seen[0]?.key).toBe(seen[1]?.key);
    expect(seen[2]?.body.equals(seen[3]?.body ?? Buffer.alloc(0))).toBe(true);
    expect(troubles).toHaveLength(1);
  });

  it('counts what the server refuses for good and goes on', async () => {
    const { url } = await listen((one) =>
      one.path.endsWith('/points') ? { status: 400, body: { detail: 'no' } } : fine(),
    );
    const run = init({ url, experiment: 'e', onTrouble: () => undefined });
    run.log({ a: 1, b: 2 });
    expect(await run.finish()).toMatchObject({ complete: false, sentPoints: 0, rejectedPoints: 2 });
  });

  it('gives up at the deadline when nothing answers, and says how much is lost', async () => {
    const run = init({ url: 'http://127.0.0.1:9', experiment: 'e', onTrouble: () => undefined });
    run.log({ a: 1 });
    expect(await run.finish('completed', undefined, 50)).toMatchObject({ complete: false, droppedPoints: 1 });
  });

  it('ignores what is not a number, once and loudly, and never throws into the job', async () => {
    const { url, seen } = await listen(fine);
    const troubles: string[] = [];
    const run = init({ url, experiment: 'e', onTrouble: (message) => troubles.push(message) });
    const hostile = { text: 'x', ok: 1, nothing: null } as unknown as Record<string, number>;
    run.log(hostile);
    run.log(hostile);
    run.log({ ok: 2 }, Number.NaN);
    await run.finish();
    expect([...(chunksOf(seen)[0]?.value ?? [])]).toEqual([1, 1]);
    expect(troubles.map((message) => /metric \w+|step/.exec(message)?.[0])).toEqual([
      'metric text',
      'metric nothing',
      'step',
    ]);
  });

  it('writes summary numbers as the last value of their metric', async () => {
    const { url, seen } = await listen(fine);
    const run = init({ url, experiment: 'e' });
    run.log({ best: 1 }, 10);
    run.summary({ best: 9, verdict: 'good' });
    await run.finish();
    expect([...(chunksOf(seen)[0]?.step ?? [])]).toEqual([10n, 11n]);
    expect(JSON.parse(String(seen.find(({ method }) => method === 'PATCH')?.body))).toEqual({
      tags: { 'summary.verdict': 'good' },
    });
  });

  it('does nothing when disabled', async () => {
    const run = init({ url: 'http://127.0.0.1:9', experiment: 'e', mode: 'disabled' });
    run.log({ a: 1 });
    expect(await run.finish()).toMatchObject({ complete: true, sentPoints: 0 });
  });
});

describe('positions', () => {
  it('merge part by part, the larger', () => {
    expect(mergePositions('e.5._.9', 'e.4.3.10')).toBe('e.5.3.10');
    expect(mergePositions('e.5', 'f.1')).toBe('f.1');
    expect(mergePositions(undefined, 'e.1')).toBe('e.1');
  });
});
