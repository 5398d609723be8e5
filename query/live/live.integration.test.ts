/** Live events from real tables: what changes reaches who follows it, once, coalesced, resumable, and no slow reader holds memory. */
import http from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LiveEvent } from '../api.js';
import { event, runStarted } from '../../test/control-events.js';
import type { WrittenPoint } from '../../test/projected-tables.js';
import { systemClock } from '../../runtime/clock.js';
import { startSeriesServer, type SeriesServer } from '../../test/series-server.js';

let server: SeriesServer;
beforeAll(async () => {
  server = await startSeriesServer();
});
afterAll(() => server.stop());

interface Sse {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: LiveEvent;
}

const open = new Set<() => void>();
afterEach(() => {
  for (const close of open) close();
  open.clear();
});

interface Stream {
  readonly status: number;
  /** The next event, or undefined when the server ended the stream. */
  next(): Promise<Sse | undefined>;
  /** Events until one fulfils the condition. */
  until(condition: (sse: Sse) => boolean): Promise<Sse[]>;
  pause(): void;
  resume(): void;
  close(): void;
}

async function listen(path: string, headers: Record<string, string> = {}): Promise<Stream> {
  const request = http.get(`${server.url}/api/v1/live${path}`, { headers, agent: false });
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
  });
  request.on('error', () => undefined);
  response.setEncoding('utf8');
  let text = '';
  let isOver = false;
  let wake = () => undefined as void;
  response.on('data', (part: string) => {
    text += part;
    wake();
  });
  response.on('close', () => {
    isOver = true;
    wake();
  });
  response.on('error', () => undefined);
  const close = () => request.destroy();
  open.add(close);
  const next = async (): Promise<Sse | undefined> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        if (block.startsWith(':')) continue;
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
        return { id: field('id'), event: field('event') ?? '', data: JSON.parse(field('data') ?? '{}') as LiveEvent };
      }
      if (isOver) return undefined;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  return {
    status: response.statusCode ?? 0,
    next,
    async until(condition) {
      const events: Sse[] = [];
      for (;;) {
        const sse = await next();
        if (sse === undefined) throw new Error(`the stream ended after ${JSON.stringify(events)}`);
        events.push(sse);
        if (condition(sse)) return events;
      }
    },
    pause: () => response.pause(),
    resume: () => response.resume(),
    close,
  };
}

let now = 1_760_000_000_000;
const points = (key: string, ...values: number[]): WrittenPoint[] =>
  values.map((value, i) => ({ key, context: '', step: BigInt(now + i), micro: 0, time: (now += 1000), value }));

const about = (run: string, key: string, count: number) => (sse: Sse) =>
  sse.event === 'changed' && sse.data.points.some((p) => p.run === run && p.key === key && p.count === count);

describe('GET /live', () => {
  it('says hello with the position, then tells of new points and of changed records of the runs that are followed', async () => {
    await server.empty();
    await server.tables.apply(runStarted('a'), runStarted('b'), runStarted('other'));
    await server.tables.write('a', points('loss', 1));
    const stream = await listen('?runs=a,b');
    const hello = await stream.next();
    expect(hello).toMatchObject({ event: 'hello', id: server.position(), data: { position: server.position() } });

    await server.tables.write('other', points('loss', 5));
    await server.tables.write('a', points('loss', 0.5, NaN));
    const [told] = (await stream.until(about('a', 'loss', 3))).slice(-1);
    expect(told?.data.points.filter(({ run }) => run !== 'a')).toEqual([]);
    expect(told?.data.points[0]).toMatchObject({ key: 'loss', last: 'NaN', count: 3 });
    expect(told?.id).toBe(told?.data.position);
    await server.tables.apply(event('RunFinished', { run: 'b', status: 'completed' }));
    const [ended] = (await stream.until((sse) => sse.data.runs.includes('b'))).slice(-1);
    expect(ended?.id).toBe(server.position());
  });

  it('tells of every kind of change of a record: parameters, tags, the end', async () => {
    await server.empty();
    await server.tables.apply(runStarted('a'));
    const stream = await listen('?runs=a');
    await stream.next();
    for (const change of [
      event('ParamsSet', { run: 'a', params: { lr: '1' }, overwrite: false }),
      event('RunUpdated', { run: 'a', tags: { team: 'nlp' } }),
      event('RunFinished', { run: 'a', status: 'failed' }),
    ]) {
      await server.tables.apply(change);
      expect((await stream.next())?.data.runs).toEqual(['a']);
    }
  });

  it('follows an experiment, runs that start later included, and no run of another experiment', async () => {
    await server.empty();
    await server.tables.apply(runStarted('a'), runStarted('elsewhere', { experiment: 'another' }));
    const stream = await listen('?experiment=exp');
    await stream.next();
    await server.tables.apply(runStarted('late'));
    expect((await stream.next())?.data.runs).toEqual(['late']);
    await server.tables.write('elsewhere', points('loss', 1));
    await server.tables.write('late', points('loss', 1));
    const events = await stream.until(about('late', 'loss', 1));
    expect(events.flatMap(({ data }) => data.points).map(({ run }) => run)).toEqual(['late']);
  });

  it('tells of a rewind with every metric, and of a fork when its parent gets late points', async () => {
    await server.empty();
    await server.tables.apply(runStarted('a'));
    const step = (n: number, value: number) => ({ ...points('loss', value)[0], step: BigInt(n) }) as WrittenPoint;
    await server.tables.write('a', [step(1, 1), step(2, 2), step(3, 3)]);
    await server.tables.apply(runStarted('child', { fork: { run: 'a', step: 2 } }));
    const stream = await listen('?runs=a,child');
    await stream.next();
    await server.tables.apply(event('RunRewound', { run: 'a', step: 3 }));
    await stream.until(about('a', 'loss', 2));
    await server.tables.write('a', [step(1, 9)], 0);
    await stream.until(about('child', 'loss', 3));
  });

  it('resumes after a position with everything that came since, by header or by parameter', async () => {
    await server.empty();
    await server.tables.apply(runStarted('a'), runStarted('quiet'));
    const first = await listen('?experiment=exp');
    const { id = '' } = (await first.next()) ?? {};
    first.close();
    await server.tables.write('a', points('loss', 1, 2));
    await server.tables.apply(event('RunUpdated', { run: 'quiet', notes: 'n' }));
    for (const again of [
      await listen('?experiment=exp', { 'last-event-id': id }),
      await listen(`?experiment=exp&since=${id}`),
      await listen('?experiment=exp', { 'last-event-id': 'anotherepoch.5.7' }),
    ]) {
      // a break before the rest has been told must not lose it
      expect(await again.next()).toMatchObject({ event: 'hello', id: undefined });
      const told = await again.next();
      expect(told?.data.runs).toContain('quiet');
      expect(told?.data.points).toMatchObject([{ run: 'a', key: 'loss', count: 2 }]);
      expect(told?.id).toBe(server.position());
    }
  });

  it('asks the tables once for any number of listeners, and not more often than every tick', async () => {
    const liveTickMs = 200;
    await server.empty({}, { liveTickMs });
    await server.tables.apply(runStarted('a'));
    const streams = await Promise.all(Array.from({ length: 100 }, () => listen('?runs=a')));
    for (const stream of streams) await stream.next();
    const before = server.questions();
    const begun = systemClock.monotonic();
    for (let i = 0; i < 20; i++) await server.tables.write('a', points('loss', i));
    for (const stream of streams) await stream.until(about('a', 'loss', 20));
    // one look under way and one at the end, and however long the writes took, no more than one per tick and per write
    const looks = 2 + Math.min(20, Math.ceil((systemClock.monotonic() - begun) / liveTickMs));
    // a look is at most four questions
    expect(server.questions() - before).toBeLessThanOrEqual(4 * looks);
  });

  it('ends a listener that does not read, with the position to resume from, and leaves the others alone', async () => {
    // the farewell is kept for as long as the writes below may take
    await server.empty({}, { liveBufferedBytesMax: 1000, liveFarewellMs: 300_000 });
    await server.tables.apply(runStarted('a'));
    const slow = await listen('?runs=a');
    await slow.next();
    const quick = await listen('?runs=a');
    await quick.next();
    slow.pause();
    const keys = Array.from({ length: 2000 }, (_, i) => `${'long'.repeat(250)} ${String(i)}`);
    // the kernels on both sides take some megabytes before the server has to hold anything back
    const writes = 15;
    for (let i = 1; i <= writes; i++) {
      await server.tables.write(
        'a',
        keys.flatMap((key) => points(key, 1)),
      );
      await quick.until(about('a', keys[1999] ?? '', i));
    }
    slow.resume();
    const events: Sse[] = [];
    for (;;) {
      const sse = await slow.next();
      if (sse === undefined) break;
      events.push(sse);
    }
    const bye = events.at(-1);
    expect(bye?.event).toBe('bye');
    const told = events.filter(({ id }) => id !== undefined).at(-2);
    expect(bye?.data.position).toBe(told?.id ?? bye?.id);

    const again = await listen(`?runs=a&since=${bye?.data.position ?? ''}`);
    await again.until(about('a', keys[1999] ?? '', writes));
  });

  it('refuses more listeners than it can serve, and lets new ones in when some leave', async () => {
    await server.empty({}, { liveListenersMax: 2 });
    await server.tables.apply(runStarted('a'));
    const first = await listen('?runs=a');
    await first.next();
    await (await listen('?runs=a')).next();
    expect((await listen('?runs=a')).status).toBe(503);
    first.close();
    for (;;) {
      const next = await listen('?runs=a');
      if (next.status === 200) break;
    }
  });

  it('reads ids with commas when they are encoded', async () => {
    await server.empty();
    await server.tables.apply(runStarted('a,b'), runStarted('c d'));
    const stream = await listen('?runs=a%2Cb,c+d');
    await stream.next();
    await server.tables.write('c d', points('loss', 1));
    await server.tables.write('a,b', points('loss', 1));
    await stream.until(about('a,b', 'loss', 1));
  });
});

describe('GET /live, before the stream starts,', () => {
  beforeAll(async () => {
    await server.empty();
    await server.tables.apply(runStarted('a'));
  });

  it.each([
    ['?runs=nobody', 404, 'runs[0]'],
    ['?runs=a,nobody', 404, 'runs[1]'],
    ['?experiment=nothing', 404, 'experiment'],
    ['', 400, 'runs'],
    ['?runs=', 400, 'runs'],
    ['?runs=a,', 400, 'runs[1]'],
    ['?runs=a&experiment=exp', 400, 'runs'],
    ['?runs=a&since=yesterday', 400, 'since'],
    ['?runs=a&colour=red', 400, 'colour'],
    [`?runs=${Array.from({ length: 201 }, () => 'a').join(',')}`, 400, 'runs'],
  ])('refuses %s with %i and names the field', async (path, status, field) => {
    const response = await fetch(`${server.url}/api/v1/live${path}`);
    expect(response.status).toBe(status);
    expect(((await response.json()) as { field: string }).field).toBe(field);
  });
});
