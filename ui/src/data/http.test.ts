/** The fetch layer: problems become one class, and an absent server is waited for, visibly. */
import { describe, expect, test } from 'vitest';
import { ApiFailure, createHttp, type Trouble } from './http.js';

type Reply = () => Promise<Response>;

const json = (status: number, body: unknown, headers = {}): Reply => () =>
  Promise.resolve(new Response(JSON.stringify(body), { status, headers }));
const problem = (code: string, retriable: boolean) => ({ code, detail: `it is ${code}`, retriable, status: 0 });

function setup(replies: Reply[]) {
  const troubles: (Trouble | undefined)[] = [];
  const waits: number[] = [];
  const asked: string[] = [];
  const http = createHttp({
    fetch: (path) => {
      asked.push(path);
      return (replies.shift() ?? json(200, {}))();
    },
    clock: {
      now: () => 1000,
      random: () => 0.5,
      after: (ms, task) => {
        waits.push(ms);
        queueMicrotask(task);
        return () => undefined;
      },
    },
    onTrouble: (trouble) => troubles.push(trouble),
  });
  return { http, troubles, waits, asked };
}

describe('the fetch layer', () => {
  test('answers with the parsed body', async () => {
    const { http, troubles } = setup([json(200, { a: 1 })]);
    expect(await http.ask('GET', '/x')).toEqual({ a: 1 });
    expect(troubles).toEqual([undefined]);
  });

  test('throws what a retry would not change, with the column of a filter error', async () => {
    const { http, asked } = setup([json(400, { ...problem('invalid_filter', false), column: 7 })]);
    const failure = await http.ask('POST', '/search', { body: {} }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApiFailure);
    expect((failure as ApiFailure).problem).toMatchObject({ code: 'invalid_filter', column: 7 });
    expect(asked).toHaveLength(1);
  });

  test('waits longer and longer while the server is away, and as long as it asks for', async () => {
    const gone = () => Promise.reject(new TypeError('Failed to fetch'));
    const { http, waits, troubles } = setup([
      gone,
      json(503, problem('unavailable', true), { 'retry-after': '7' }),
      () => Promise.resolve(new Response('bad gateway', { status: 502 })),
      json(200, { back: true }),
    ]);
    expect(await http.ask('GET', '/x')).toEqual({ back: true });
    expect(waits).toEqual([500, 7000, 2000]);
    expect(troubles.map((trouble) => trouble?.reason)).toEqual([
      expect.stringContaining('Failed to fetch'),
      'it is unavailable',
      expect.stringContaining('502'),
      undefined,
    ]);
  });

  test('does not retry an answer that is a bug', async () => {
    const { http, asked } = setup([() => Promise.resolve(new Response('<h1>crash</h1>', { status: 500 }))]);
    await expect(http.ask('GET', '/x')).rejects.toThrow('status 500');
    expect(asked).toHaveLength(1);
  });

  test('gives up at once when nobody wants the answer any more', async () => {
    const controller = new AbortController();
    const http = createHttp({
      fetch: () => Promise.reject(new TypeError('gone')),
      clock: {
        now: () => 0,
        random: () => 0,
        after: () => {
          queueMicrotask(() => controller.abort());
          return () => undefined;
        },
      },
      onTrouble: () => undefined,
    });
    await expect(http.ask('GET', '/x', { signal: controller.signal })).rejects.toThrow('abort');
  });
});
