/** Points over HTTP: accepted chunks reach the log as they came, and each limit refuses on its own. */
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeChunk, encodeChunk } from '../events/chunk.js';
import { decodeEnvelope } from '../events/envelope.js';
import { AppendError, partitionOf, type EventLog } from '../events/event-log.js';
import { compressFrame } from '../events/lz4.js';
import { validFrame } from '../test/hostile-frames.js';
import { startIngestServer, type IngestServer, type IngestServerOptions } from '../test/ingest-server.js';
import type { RawAnswer } from '../test/raw-request.js';

let server: IngestServer;
let uuid: string;

async function start(options: IngestServerOptions = {}): Promise<void> {
  server = await startIngestServer(options);
  uuid = await startRun('r');
}
async function startRun(id: string, prefix = ''): Promise<string> {
  const answer = await server.send({
    method: 'POST',
    path: `${prefix}/api/v1/runs`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ experiment: 'e', id }),
  });
  expect(answer.status).toBe(201);
  return (answer.json as { run: { uuid: string } }).run.uuid;
}
beforeEach(() => start());
afterEach(() => server.stop());
const restart = async (options: IngestServerOptions) => {
  await server.stop();
  await start(options);
};

const partition = (run = uuid) => ({ topic: 'metrics', partition: partitionOf(run, 2) }) as const;
const frame = (body: Uint8Array, headers: Record<string, string> = {}, path = '/api/v1/runs/r/points') =>
  server.send({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/vnd.runlog.points', ...headers },
    body: Buffer.from(body),
  });
const columns = (seq: number, more: object = {}, id = 'r') =>
  server.post(`/runs/${id}/points`, { writer: 'w', seq, series: [{ key: 'loss', steps: [1], values: [1] }], ...more });
const problem = (answer: RawAnswer) => answer.json as { status: number; code: string; field: string };

async function logged(offset = 0) {
  const [record] = await server.log.read(partition(), offset, 1);
  const envelope = decodeEnvelope(record?.value ?? new Uint8Array());
  if (!envelope.ok) throw new Error(envelope.error.detail);
  return envelope.value;
}

describe('a binary chunk', () => {
  it('is acknowledged with its place, and is on the log byte for byte behind its envelope', async () => {
    const answer = await frame(validFrame());
    expect(answer.status).toBe(202);
    expect(answer.json).toEqual({ accepted: 2, duplicate: false, position: answer.headers['runlog-position'] });
    expect(answer.headers['runlog-position']).toBe(partition().partition === 0 ? 'test.0.0' : 'test.0._.0');
    const { chunk, ...envelope } = await logged();
    expect(envelope).toEqual({ workspace: 'default', run: uuid, receivedAt: server.clock.now(), generation: 0 });
    expect(Buffer.from(chunk)).toEqual(validFrame());
  });

  it.each([
    ['gzip', gzipSync],
    ['lz4', compressFrame],
  ])('may come as %s', async (encoding, pack) => {
    expect((await frame(pack(validFrame()), { 'content-encoding': encoding })).status).toBe(202);
    expect(Buffer.from((await logged()).chunk)).toEqual(validFrame());
  });

  it('goes to the generation that the run is in, or to the older one that it names', async () => {
    await server.post('/runs/r/rewind', { step: 5 });
    await frame(validFrame());
    await columns(1, { generation: 0 });
    expect([(await logged(0)).generation, (await logged(1)).generation]).toEqual([1, 0]);
    expect(problem(await columns(2, { generation: 2 }))).toMatchObject({ status: 400, field: 'generation' });
  });

  it('is taken for a run that has ended, and asks a killed job to stop', async () => {
    expect((await columns(0)).json).not.toHaveProperty('stop');
    await server.post('/runs/r/finish', { status: 'killed' });
    const answer = await columns(1);
    expect(answer.status).toBe(202);
    expect(answer.json).toMatchObject({ accepted: 1, stop: true });
  });

  it('that came before is said to be a duplicate, and is appended all the same', async () => {
    await frame(validFrame(7));
    expect((await frame(validFrame(7))).json).toMatchObject({ accepted: 2, duplicate: true });
    expect((await frame(validFrame(8))).json).toMatchObject({ duplicate: false });
    expect(server.log.head(partition())).toBe(3);
  });

  it('without points is a heartbeat, at most one per interval', async () => {
    const beat = (seq: number) =>
      frame(
        encodeChunk({
          ...{ kind: 'heartbeat', writer: 'w', seq, generation: 0xffff_ffff },
          ...{ series: [], seriesIndex: [], step: [], time: [], value: [] },
        }),
      );
    expect((await beat(0)).json).toMatchObject({ accepted: 0, duplicate: false });
    expect((await beat(1)).status).toBe(202);
    expect(server.log.head(partition())).toBe(1);
    server.clock.advance(30_000);
    await beat(2);
    expect(server.log.head(partition())).toBe(2);
  });
});

describe('JSON columns', () => {
  it('become a chunk on the log', async () => {
    const series = [{ key: 'loss', steps: [1, 1.5], values: [0.5, 'NaN'] }];
    expect((await columns(0, { series })).json).toMatchObject({ accepted: 2 });
    const chunk = decodeChunk((await logged()).chunk);
    expect(chunk).toMatchObject({ ok: true, value: { writer: 'w', seq: 0, rows: 2, series: [{ key: 'loss' }] } });
  });
});

describe('points are limited', () => {
  it('by the rate of the run, and its neighbour is not slowed', async () => {
    await restart({ bounds: { ratePointsPerRunPerS: 3 } });
    await startRun('quiet');
    await frame(validFrame());
    const answer = await frame(validFrame(1));
    expect(problem(answer)).toMatchObject({ status: 429, code: 'rate_limited', field: 'run', retriable: true });
    expect(answer.headers['retry-after']).toBe('1');
    expect((await columns(0, {}, 'quiet')).status).toBe(202);
  });

  it('by the rate of the workspace, and another workspace is not slowed', async () => {
    await restart({ bounds: { ratePointsPerWorkspacePerS: 103 } });
    await startRun('r', '/w/other');
    await frame(validFrame());
    expect(problem(await frame(validFrame(1)))).toMatchObject({ code: 'rate_limited', field: 'workspace' });
    expect((await frame(validFrame(), {}, '/w/other/api/v1/runs/r/points')).status).toBe(202);
  });

  it('by the rate of the key', async () => {
    const created = await server.post('/keys', { name: 'k', scope: 'write' });
    const headers = { 'x-api-key': (created.json as { secret: string }).secret };
    await restart({ bounds: { ratePointsPerKeyPerS: 3 } });
    const again = await server.post('/keys', { name: 'k', scope: 'write' });
    headers['x-api-key'] = (again.json as { secret: string }).secret;
    expect((await frame(validFrame(), headers)).status).toBe(202);
    expect(problem(await frame(validFrame(1), headers))).toMatchObject({ code: 'rate_limited', field: 'key' });
    expect((await frame(validFrame(1))).status).toBe(202);
  });

  it('by the backlog of the run, until the tables have caught up, and its neighbour is not slowed', async () => {
    await restart({ bounds: { backlogBytesMax: 2000 } });
    await startRun('quiet');
    await frame(validFrame());
    await frame(validFrame(1));
    const answer = await frame(validFrame(2));
    expect(problem(answer)).toMatchObject({ status: 429, code: 'backlogged', field: 'run', retriable: true });
    expect(answer.headers['retry-after']).toBe('1');
    expect((await columns(0, {}, 'quiet')).status).toBe(202);
    const metrics = [-1, -1];
    metrics[partition().partition] = server.log.head(partition()) - 1;
    server.board.publish({ epoch: 'test', control: 0, metrics });
    expect((await frame(validFrame(2))).status).toBe(202);
  });

  it('by the backlog of the workspace, and another workspace is not slowed', async () => {
    await restart({ bounds: { backlogBytesMax: 1300, backlogRunShareMax: 0.5 } });
    await startRun('r', '/w/other');
    await startRun('s');
    for (let seq = 0; seq < 4; seq++) await columns(seq);
    expect(problem(await frame(validFrame(), {}, '/api/v1/runs/s/points'))).toMatchObject({
      code: 'backlogged',
      field: 'workspace',
    });
    expect((await frame(validFrame(), {}, '/w/other/api/v1/runs/r/points')).status).toBe(202);
  });

  it('by the bytes in flight', async () => {
    await restart({ bounds: { inFlightBytesMax: 500 } });
    expect(problem(await frame(validFrame()))).toMatchObject({ status: 429, code: 'backlogged', field: 'run' });
  });

  it('by the bytes that they unpack to, in flight', async () => {
    const value = Array.from({ length: 1000 }, () => 1);
    const body = encodeChunk({
      ...{ kind: 'points', writer: 'w', seq: 0, generation: 0, series: [{ key: 'k', context: '' }] },
      ...{ seriesIndex: value.map(() => 0), step: value, time: value, value },
    });
    await restart({ bounds: { inFlightBytesMax: 100_000 } });
    const packed = gzipSync(body);
    expect(packed.length).toBeLessThan(1000);
    expect(problem(await frame(packed, { 'content-encoding': 'gzip' }))).toMatchObject({
      code: 'backlogged',
      field: 'run',
    });
    expect(server.edge.inFlight.bytes()).toBe(0);
  });

  it('by the number of metric keys of the run, and the answer names the key', async () => {
    await restart({ bounds: { metricKeysPerRunMax: 2 } });
    const series = (...keys: string[]) => ({ series: keys.map((key) => ({ key, steps: [1], values: [1] })) });
    await columns(0, series('a', 'b'));
    const answer = await columns(1, series('b', 'a', 'one too many'));
    expect(problem(answer)).toMatchObject({
      status: 422,
      code: 'limit_exceeded',
      field: 'series[2].key',
      retriable: false,
    });
    expect(answer.text).toContain('one too many');
    expect((await columns(1, series('a'))).status).toBe(202);
  });
});

describe('a log that does not take records', () => {
  it('is answered with 503 and Retry-After, and nothing stays held', async () => {
    const failing = (log: EventLog): EventLog => ({
      ...log,
      append: (at, values) =>
        at.topic === 'control' ? log.append(at, values) : Promise.reject(new AppendError('disk full', true)),
    });
    await restart({ wrapLog: failing });
    const answer = await frame(validFrame());
    expect(problem(answer)).toMatchObject({ status: 503, code: 'unavailable', retriable: true });
    expect(answer.headers['retry-after']).toBe('1');
    expect(server.edge.backlog.bytes()).toBe(0);
    expect(server.edge.inFlight.bytes()).toBe(0);
  });
});
