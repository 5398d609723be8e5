/** Live events through the whole server: what is logged reaches those who listen, once it is in the tables. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LiveEvent, RunAnswer } from '../../query/api.js';
import { startStack, type Stack } from '../stack.js';
import { ask, askUntilAnswered } from './api.js';

let stack: Stack;

interface Sse {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

/** Opens a stream and gives its events one by one. */
async function listen(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(stack.url() + path, { headers });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  let buffered = '';
  return {
    async next(): Promise<Sse> {
      for (;;) {
        const end = buffered.indexOf('\n\n');
        if (end >= 0) {
          const block = buffered.slice(0, end);
          buffered = buffered.slice(end + 2);
          const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
          if (field('event') !== '') return { id: field('id'), event: field('event'), data: JSON.parse(field('data')) };
          continue;
        }
        const { value, done } = await reader.read();
        if (done) throw new Error('the stream ended');
        buffered += value;
      }
    },
    close: () => reader.cancel(),
  };
}

let seq = 0;
const log = (run: string, value: number) =>
  ask(stack.url(), 'POST', `/api/v1/runs/${run}/points`, {
    writer: 'w',
    seq: seq++,
    series: [{ key: 'loss', steps: [seq], values: [value] }],
  });

beforeAll(async () => {
  stack = await startStack();
  for (const id of ['a', 'b']) {
    const { body } = await ask<{ position: string }>(stack.url(), 'POST', '/api/v1/runs', { id, experiment: 'live' });
    // in the tables, so that no listener is told of the start
    expect((await askUntilAnswered(stack.url, 'GET', `/api/v1/runs/${id}?at=${body.position}`)).status).toBe(200);
  }
});
afterAll(() => stack.stop());

describe('GET /live', () => {
  it('tells of new points of a followed run with their last value, and of no other run', async () => {
    const stream = await listen('/api/v1/live?runs=a');
    expect((await stream.next()).event).toBe('hello');
    await log('b', 7);
    await log('a', 0.5);
    const { event, id, data } = await stream.next();
    expect(event).toBe('changed');
    expect(data).toMatchObject({ runs: [], points: [{ run: 'a', key: 'loss', last: 0.5, count: 1 }], position: id });
    await log('a', 0.25);
    expect((await stream.next()).data).toMatchObject({ runs: [], points: [{ run: 'a', last: 0.25, count: 2 }] });
    await stream.close();
  });

  it('tells of runs of an experiment that start or end', async () => {
    const stream = await listen('/api/v1/live?experiment=live');
    await stream.next();
    /** The next event that names records; points of runs that were heard from lately may be told in between. */
    const nextRecords = async () => {
      for (;;) {
        const event = (await stream.next()).data as LiveEvent;
        if (event.runs.length > 0) return event;
      }
    };
    const status = async (position: string) =>
      (await askUntilAnswered<RunAnswer>(stack.url, 'GET', `/api/v1/runs/late?at=${position}`)).body.run.status;
    await ask(stack.url(), 'POST', '/api/v1/runs', { id: 'late', experiment: 'live' });
    const started = await nextRecords();
    expect(started.runs).toEqual(['late']);
    expect(await status(started.position)).toBe('running');
    await ask(stack.url(), 'POST', '/api/v1/runs/late/finish', { status: 'completed' });
    const ended = await nextRecords();
    expect(ended.runs).toEqual(['late']);
    expect(await status(ended.position)).toBe('completed');
    await stream.close();
  });

  it('refuses what it cannot follow before the stream starts', async () => {
    const status = async (path: string) => {
      const { status, body } = await ask<{ field?: string }>(stack.url(), 'GET', path);
      return [status, body.field];
    };
    expect(await status('/api/v1/live')).toEqual([400, 'runs']);
    expect(await status('/api/v1/live?runs=a&experiment=live')).toEqual([400, 'runs']);
    expect((await status('/api/v1/live?runs=nobody'))[0]).toBe(404);
    expect(await status('/api/v1/live?experiment=nothing')).toEqual([404, 'experiment']);
    expect(await status('/api/v1/live?runs=a&since=yesterday')).toEqual([400, 'since']);
    expect(await status('/api/v1/live?runs=a&colour=red')).toEqual([400, 'colour']);
  });
});
