/** Retrying a dead letter over HTTP: once, for admins, with an answer that says what became of it. */
import { afterEach, expect, it } from 'vitest';
import { emptyPosition } from '../events/position.js';
import { startIngestServer, type IngestServer } from '../test/ingest-server.js';
import type { DeadLetters } from './dead-letter-routes.js';

const METRICS = { topic: 'metrics', partition: 1 } as const;
let server: IngestServer;
afterEach(() => server.stop());

/** A record at metrics/1/0 that is a letter, and so is every later one at an offset in `poison`. */
async function withLetter(...poison: number[]): Promise<void> {
  const deadLetters: DeadLetters = (workspace, { topic, partition, offset }) => {
    const known = workspace === 'default' && topic === 'metrics' && partition === 1 && [0, ...poison].includes(offset);
    return Promise.resolve(known ? { reason: 'torn' } : undefined);
  };
  server = await startIngestServer({ deadLetters });
  await server.log.append(METRICS, [Buffer.from('a record')]);
}

const retry = (path = 'metrics/1/0', query = '') => server.post(`/admin/dead-letters/${path}/retry${query}`, {});
const projectedThrough = (offset: number) =>
  server.board.publish({ ...emptyPosition(server.log.epoch), control: 9, metrics: [-1, offset] });

it('appends the same bytes once, and a second retry answers what the first did', async () => {
  await withLetter();
  projectedThrough(1);
  const first = await retry();
  expect(first.status).toBe(200);
  expect(first.json).toMatchObject({
    letter: { ...METRICS, offset: 0 },
    retriedAs: { ...METRICS, offset: 1 },
    outcome: 'projected',
  });
  server.clock.advance(1000);
  expect((await retry()).json).toEqual(first.json);
  expect(server.log.head(METRICS)).toBe(2);
  const [record] = await server.log.read(METRICS, 1, 1);
  expect(Buffer.from(record?.value ?? []).toString()).toBe('a record');
});

it('two at once are one retry', async () => {
  await withLetter();
  projectedThrough(5);
  const [a, b] = await Promise.all([retry(), retry()]);
  expect(a.json).toEqual(b.json);
});

it('says that a letter came back, with its reason and its new place', async () => {
  await withLetter(1);
  projectedThrough(1);
  expect((await retry()).json).toMatchObject({
    retriedAs: { offset: 1 },
    outcome: 'dead_letter',
    reason: 'torn',
  });
});

it('says that the tables are not there yet, at once when it is not to wait', async () => {
  await withLetter();
  expect((await retry('metrics/1/0', '?wait=false')).json).toMatchObject({ outcome: 'pending' });
  projectedThrough(1);
  expect((await retry('metrics/1/0', '?wait=false')).json).toMatchObject({ outcome: 'projected' });
});

it.each(['metrics/1/1', 'metrics/0/0', 'control/0/0', 'metrics/x/0', 'nonsense/0/0'])(
  'knows no letter %s and appends nothing',
  async (path) => {
    await withLetter();
    expect((await retry(path)).status).toBe(404);
    expect(server.log.head(METRICS)).toBe(1);
  },
);

it('is for admins: a key with scope write is refused', async () => {
  await withLetter();
  const { secret } = (await server.post('/keys', { name: 'k', scope: 'write' })).json as { secret: string };
  const path = '/admin/dead-letters/metrics/1/0/retry';
  expect((await server.post(path, {}, { authorization: `Bearer ${secret}` })).status).toBe(403);
  expect(server.log.head(METRICS)).toBe(1);
});
