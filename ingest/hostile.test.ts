/** The table of hostile requests against the write side: each gets its own answer, and nothing of any of them stays. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { harmlessRequests, hostileRequests, hostileSetup } from '../test/hostile-requests.js';
import { startIngestServer, type IngestServer } from '../test/ingest-server.js';

let server: IngestServer;
const groups = [...new Set(hostileRequests.map((request) => request.class))];

beforeAll(async () => {
  server = await startIngestServer();
  for (const request of hostileSetup) expect([200, 201, 202]).toContain((await server.send(request)).status);
});
afterAll(() => server.stop());

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What is reachable: the heap and the buffers outside of it, after two collections (the first one only finalises buffers). */
function liveBytes(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const heads = () => [
  server.log.head({ topic: 'control', partition: 0 }),
  ...[0, 1].map((partition) => server.log.head({ topic: 'metrics', partition })),
];

describe.each(groups)('hostile requests: %s', (group) => {
  const cases = hostileRequests.filter((request) => request.class === group);

  it('are at least four', () => {
    expect(cases.length).toBeGreaterThanOrEqual(4);
  });

  it.each(cases)('$name', async ({ request, expect: { status, code, field } }) => {
    const before = heads();
    const answer = await server.send(request);
    expect(answer.json).toMatchObject({ status, code, field, retriable: false });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.headers['runlog-request-id']).toBe((answer.json as { requestId: string }).requestId);
    expect(heads()).toEqual(before);
  });
});

describe('after all of them', () => {
  it('what they were made of is still taken', async () => {
    for (const request of harmlessRequests) {
      const answer = await server.send(request);
      expect([200, 202], `${request.method} ${request.path}: ${answer.text}`).toContain(answer.status);
    }
  });

  it('nothing is held in memory', async () => {
    expect(server.edge.inFlight.bytes()).toBe(0);
    const round = async () => {
      for (const { request } of hostileRequests) await server.send(request);
      return liveBytes();
    };
    // what leaks does so in every round; what the process does beside that, once
    let before = await round();
    const growth: number[] = [];
    do {
      const after = await round();
      growth.push(after - before);
      before = after;
    } while (growth.length < 5 && (growth.at(-1) ?? 0) >= 1_000_000);
    expect(growth.at(-1)).toBeLessThan(1_000_000);
  });
});
