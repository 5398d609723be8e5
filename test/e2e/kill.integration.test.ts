/** kill -9 of the server and of its ClickHouse, three times each under load: every acknowledged point is there exactly once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeChunk } from '../../events/chunk.js';
import { seededRandom } from '../../demo/random.js';
import type { RunAnswer } from '../../query/api.js';
import { startStack, type Stack } from '../stack.js';
import { askUntilAnswered } from './api.js';

const seed = Number(process.env['RUNLOG_TEST_SEED'] ?? 20_261_125);
const keys = ['loss', 'accuracy', 'norm'];
let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

/** Sends one batch until it is acknowledged, with the same number each time, as a client does. */
async function deliver(path: string, frame: Uint8Array<ArrayBuffer>): Promise<string> {
  for (;;) {
    try {
      const response = await fetch(stack.url() + path, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.runlog.points' },
        body: frame,
      });
      if (response.status === 202) return ((await response.json()) as { position: string }).position;
      if (response.status < 500 && response.status !== 429) throw new TypeError(`refused: ${await response.text()}`);
    } catch (error) {
      if (error instanceof TypeError && error.message.startsWith('refused')) throw error;
      // the server is gone; it will be back
    }
    await stack.started();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

interface Tally {
  count: number;
  sum: number;
  min: number;
  max: number;
}

/** One writer's batches, one after the other; values are multiples of 2^-10, so that sums are exact in any order. */
async function write(
  run: string,
  writer: string,
  batches: number,
  random: () => number,
  onBatch: () => Promise<void>,
): Promise<Map<string, Tally>> {
  const tallies = new Map(keys.map((key) => [key, { count: 0, sum: 0, min: Infinity, max: -Infinity }]));
  for (let seq = 0; seq < batches; seq++) {
    const rows = 30 + Math.floor(random() * 300);
    const value = Float64Array.from({ length: rows }, () => Math.floor(random() * 2 ** 20) / 1024);
    const seriesIndex = Uint32Array.from({ length: rows }, (_, i) => i % keys.length);
    const frame = encodeChunk({
      kind: 'points',
      writer,
      seq,
      generation: 0xffff_ffff,
      series: keys.map((key) => ({ key, context: '' })),
      seriesIndex,
      step: Array.from({ length: rows }, (_, i) => seq * 100 + Math.floor(i / keys.length)),
      time: new Array<number>(rows).fill(1_700_000_000_000 + seq),
      value,
    });
    await deliver(`/api/v1/runs/${run}/points`, new Uint8Array(frame));
    value.forEach((v, i) => {
      const tally = tallies.get(keys[i % keys.length] ?? '');
      if (tally === undefined) return;
      tally.count += 1;
      tally.sum += v;
      tally.min = Math.min(tally.min, v);
      tally.max = Math.max(tally.max, v);
    });
    await onBatch();
  }
  return tallies;
}

async function compare(run: string, expected: readonly Map<string, Tally>[]): Promise<void> {
  const wanted = new Map(keys.map((key) => [key, { count: 0, sum: 0, min: Infinity, max: -Infinity }]));
  for (const tallies of expected) {
    for (const [key, tally] of tallies) {
      const all = wanted.get(key);
      if (all === undefined) continue;
      all.count += tally.count;
      all.sum += tally.sum;
      all.min = Math.min(all.min, tally.min);
      all.max = Math.max(all.max, tally.max);
    }
  }
  // one more write gives a position that lies behind everything acknowledged
  const last = encodeChunk({
    kind: 'points',
    writer: 'last',
    seq: 0,
    generation: 0xffff_ffff,
    series: [{ key: 'end', context: '' }],
    seriesIndex: [0],
    step: [0],
    time: [0],
    value: [0],
  });
  const position = await deliver(`/api/v1/runs/${run}/points`, new Uint8Array(last));
  const { body } = await askUntilAnswered<RunAnswer>(stack.url, 'GET', `/api/v1/runs/${run}?at=${position}`);
  for (const [key, { count, sum, min, max }] of wanted) {
    const metric = body.run.metrics[key];
    expect({ key, count: metric?.count, mean: metric?.mean, min: metric?.min, max: metric?.max }).toEqual({
      key,
      count,
      mean: sum / count,
      min,
      max,
    });
  }
}

async function underFire(run: string, strike: (nth: number) => Promise<void>): Promise<void> {
  console.log(`seed ${String(seed)}`);
  await askUntilAnswered(stack.url, 'POST', '/api/v1/runs', {
    id: run,
    experiment: 'kill',
    params: { seed: String(seed) },
  });
  const random = seededRandom(seed);
  const batches = 120;
  const strikes = new Set<number>();
  while (strikes.size < 3) strikes.add(10 + Math.floor(random() * 2 * batches));
  let done = 0;
  let nth = 0;
  let striking = Promise.resolve();
  const onBatch = () => {
    done += 1;
    if (strikes.has(done)) striking = striking.then(() => strike(nth++));
    // writers go on while the strike happens
    return Promise.resolve();
  };
  const tallies = await Promise.all(
    ['a', 'b', 'c'].map((writer, i) => write(run, writer, batches, seededRandom(seed + i), onBatch)),
  );
  await striking;
  expect(nth).toBe(3);
  await compare(run, tallies);
}

describe('under kill -9', () => {
  it('of the server, three times while three writers log, no acknowledged point is lost or doubled', async () => {
    await underFire('server-killed', async () => {
      await stack.server().kill();
      await stack.start();
    });
  });

  it('of the ClickHouse child, three times while three writers log, no acknowledged point is lost or doubled', async () => {
    const killed = new Set<number>();
    await underFire('clickhouse-killed', async () => {
      // the child before it may still be dying, or the next one starting
      for (;;) {
        await askUntilAnswered(stack.url, 'GET', '/readyz');
        const pid = stack.clickhousePid();
        if (pid === undefined || killed.has(pid)) continue;
        killed.add(pid);
        process.kill(pid, 'SIGKILL');
        return;
      }
    });
  });
});
