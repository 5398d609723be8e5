/** The control plane over HTTP: what requests answer, and that the fold has the last word. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppendError, type EventLog } from '../events/event-log.js';
import { startIngestServer, type IngestServer, type IngestServerOptions } from '../test/ingest-server.js';
import type { RawAnswer } from '../test/raw-request.js';

let server: IngestServer;
const start = async (options: IngestServerOptions = {}) => {
  await server.stop();
  server = await startIngestServer(options);
};
beforeEach(async () => {
  server = await startIngestServer();
});
afterEach(() => server.stop());

const control = { topic: 'control', partition: 0 } as const;
const runOf = (answer: RawAnswer) => (answer.json as { run: Record<string, unknown> }).run;
const patch = (path: string, body: unknown) =>
  server.send({
    method: 'PATCH',
    path: `/api/v1${path}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const remove = (path: string) => server.send({ method: 'DELETE', path: `/api/v1${path}`, headers: {} });

describe('starting a run', () => {
  it('answers 201 with the whole run, and 200 with it as it is when its id is there', async () => {
    const params = { lr: 0.1, layers: 3, bias: true };
    const created = await server.post('/runs', { experiment: 'e', id: 'a/b ü', name: 'first', params });
    expect(created.status).toBe(201);
    expect(runOf(created)).toMatchObject({
      id: 'a/b ü',
      experiment: { name: 'e' },
      name: 'first',
      status: 'running',
      params: { lr: '0.1', layers: '3', bias: 'true' },
      startedAt: server.clock.now(),
      endedAt: null,
    });
    const again = await server.post('/runs', { experiment: 'e', id: 'a/b ü', name: 'second', tags: { team: 'nlp' } });
    expect(again.status).toBe(200);
    expect(runOf(again)).toEqual({ ...runOf(created), tags: { team: 'nlp' } });
  });

  it('makes an id where none is given, and another one each time', async () => {
    const [one, two] = [
      await server.post('/runs', { experiment: 'e' }),
      await server.post('/runs', { experiment: 'e' }),
    ];
    expect(runOf(one)['id']).not.toBe(runOf(two)['id']);
    expect(runOf(one)['experiment']).toEqual(runOf(two)['experiment']);
  });

  it('is refused in another experiment, with both named', async () => {
    await server.post('/runs', { experiment: 'e', id: 'r' });
    const answer = await server.post('/runs', { experiment: 'f', id: 'r' });
    expect(answer.json).toMatchObject({ status: 409, code: 'conflict', field: 'experiment' });
    expect(answer.text).toContain('\\"e\\"');
  });

  it('keeps workspaces apart', async () => {
    await server.post('/runs', { experiment: 'e', id: 'r', params: { lr: 1 } });
    const request = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const body = JSON.stringify({ experiment: 'f', id: 'r', params: { lr: 2 } });
    const other = await server.send({ ...request, path: '/w/other/api/v1/runs', body });
    expect(other.status).toBe(201);
  });
});

describe('a position', () => {
  it('names the offset of the write, in the answer and in its header', async () => {
    const created = await server.post('/runs', { experiment: 'e', id: 'r' });
    expect(created.json).toMatchObject({ position: 'test.0' });
    expect(created.headers['runlog-position']).toBe('test.0');
    expect((await patch('/runs/r', { name: 'n' })).json).toMatchObject({ position: 'test.1' });
  });
});

describe('an Idempotency-Key', () => {
  const headers = { 'idempotency-key': 'try-1' };

  it('gives a repeat the first answer', async () => {
    const first = await server.post('/runs', { experiment: 'e' }, headers);
    const second = await server.post('/runs', { experiment: 'e' }, headers);
    expect(second.status).toBe(201);
    expect(runOf(second)).toEqual(runOf(first));
  });

  it('holds for one resource only, so that a key used twice loses no command', async () => {
    await server.post('/runs', { experiment: 'e', id: 'a' }, headers);
    await server.post('/runs', { experiment: 'e', id: 'b' });
    await server.post('/runs/a/finish', { status: 'failed' }, headers);
    const answer = await server.post('/runs/b/finish', { status: 'completed' }, headers);
    expect(runOf(answer)).toMatchObject({ id: 'b', status: 'completed' });
  });
});

describe('parameters', () => {
  beforeEach(() => server.post('/runs', { experiment: 'e', id: 'r', params: { lr: '0.1' } }));

  it('keep their first value, and the refusal names both', async () => {
    const answer = await server.post('/runs/r/params', { params: { lr: 0.2 } });
    expect(answer.json).toMatchObject({ status: 409, code: 'conflict', field: 'params.lr', retriable: false });
    expect((answer.json as { detail: string }).detail).toMatch(/0\.1.*0\.2/);
  });

  it('change when an overwrite is asked for', async () => {
    const answer = await server.post('/runs/r/params?overwrite=true', { params: { lr: 0.2, new: 1 } });
    expect(runOf(answer)['params']).toEqual({ lr: '0.2', new: '1' });
  });
});

describe('a run', () => {
  beforeEach(() => server.post('/runs', { experiment: 'e', id: 'r', tags: { a: '1', b: '2' } }));

  it('takes a name, notes and tags, and null removes a tag', async () => {
    const answer = await patch('/runs/r', {
      name: 'n',
      notes: 'two\nlines',
      tags: { a: null, c: '3' },
      archived: true,
    });
    expect(answer.status).toBe(200);
    expect(runOf(answer)).toMatchObject({ name: 'n', notes: 'two\nlines', tags: { b: '2', c: '3' }, archived: true });
  });

  it('ends once: the same end again is fine, another one is a conflict', async () => {
    const end = { status: 'failed', reason: 'out of memory', at: 1_700_000_000_005 };
    expect(runOf(await server.post('/runs/r/finish', end))).toMatchObject({
      status: 'failed',
      reason: 'out of memory',
      endedAt: 1_700_000_000_005,
    });
    expect((await server.post('/runs/r/finish', { status: 'failed' })).status).toBe(200);
    expect((await server.post('/runs/r/finish', { status: 'completed' })).json).toMatchObject({
      status: 409,
      field: 'status',
    });
  });

  it('starts a new generation when it is rewound', async () => {
    expect(runOf(await server.post('/runs/r/rewind', { step: 10 }))['generation']).toBe(1);
  });

  it('that is deleted is gone until it is restored', async () => {
    expect((await remove('/runs/r')).status).toBe(200);
    expect((await patch('/runs/r', { name: 'n' })).json).toMatchObject({ status: 410, code: 'gone', field: 'id' });
    expect((await server.post('/runs/r/restore')).status).toBe(200);
    expect((await patch('/runs/r', { name: 'n' })).status).toBe(200);
    expect((await server.post('/runs/r/restore')).json).toMatchObject({ status: 409, field: 'id' });
  });

  it('that is not there is not found, without an event', async () => {
    const head = server.log.head(control);
    expect((await patch('/runs/nobody', { name: 'n' })).json).toMatchObject({ status: 404, field: 'id' });
    expect(server.log.head(control)).toBe(head);
  });
});

describe('experiments', () => {
  it('are created, renamed, deleted and restored', async () => {
    const created = await server.post('/experiments', { name: 'vision/resnet' });
    expect(created.status).toBe(201);
    const { experiment } = created.json as { experiment: { id: string } };
    const path = `/experiments/${experiment.id}`;
    expect((await patch(path, { name: 'vision/vit' })).json).toMatchObject({ experiment: { name: 'vision/vit' } });
    expect((await remove(path)).json).toMatchObject({ experiment: { deleted: true } });
    const inDeleted = await server.post('/runs', { experiment: 'vision/vit' });
    expect(inDeleted.json).toMatchObject({ status: 410, field: 'experiment' });
    expect((await server.post(`${path}/restore`)).json).toMatchObject({ experiment: { deleted: false } });
    expect((await server.post('/experiments', { name: 'vision/vit' })).json).toMatchObject({
      status: 409,
      field: 'name',
    });
  });
});

describe('keys', () => {
  it('let in what their scope allows, are shown once, and end with a revocation', async () => {
    const created = await server.post('/keys', { name: 'laptop', scope: 'write' });
    expect(created.status).toBe(201);
    const { key, secret } = created.json as { key: { key: string }; secret: string };
    const headers = { authorization: `Bearer ${secret}` };
    const started = await server.post('/runs', { experiment: 'e', id: 'r' }, headers);
    expect(started.status).toBe(201);
    const [event] = await server.log.read(control, 1, 1);
    expect(JSON.parse(Buffer.from(event?.value ?? []).toString())).toMatchObject({
      type: 'RunStarted',
      actor: key.key,
    });

    expect((await server.post('/keys', { name: 'k', scope: 'read' }, headers)).json).toMatchObject({
      status: 403,
      field: 'scope',
    });
    const list = await server.send({ method: 'GET', path: '/api/v1/keys', headers: {} });
    expect(list.json).toEqual({
      keys: [
        { ...key, name: 'laptop', scope: 'write', createdAt: server.clock.now(), expiresAt: null, revoked: false },
      ],
    });
    expect(list.text).not.toContain(secret.slice(30, 60));

    expect((await server.post(`/keys/${key.key}/revoke`, {})).json).toMatchObject({ key: { revoked: true } });
    expect((await server.post('/runs', { experiment: 'e' }, headers)).json).toMatchObject({ status: 401 });
  });

  it('are not made twice for one Idempotency-Key: the secret can not be shown again', async () => {
    const body = { name: 'k', scope: 'read' };
    const headers = { 'idempotency-key': 'k' };
    expect((await server.post('/keys', body, headers)).status).toBe(201);
    expect((await server.post('/keys', body, headers)).json).toMatchObject({ status: 409, field: 'Idempotency-Key' });
  });

  it('are needed on a server that wants them', async () => {
    await start({ requireKeys: true });
    const answer = await server.post('/runs', { experiment: 'e' });
    expect(answer.json).toMatchObject({ status: 401, code: 'unauthorized', field: 'Authorization' });
    expect(answer.headers['www-authenticate']).toContain('Bearer');
  });
});

describe('the router', () => {
  it('names the methods of a path that has others', async () => {
    const answer = await server.send({ method: 'PUT', path: '/api/v1/runs/r', headers: {} });
    expect(answer.status).toBe(405);
    expect(answer.headers['allow']).toBe('GET, HEAD, PATCH, DELETE');
  });

  it('leaves to others what is not its own', async () => {
    for (const path of ['/api/v1/runs/r', '/api/v1/experiments', '/api/v1/search', '/healthz', '/api/v2/runs']) {
      const answer = await server.send({ method: 'GET', path, headers: {} });
      expect(answer.text).toContain('Cannot GET');
    }
  });

  it('weighs control requests against the rate of the workspace', async () => {
    await start({ bounds: { ratePointsPerWorkspacePerS: 150 } });
    await server.post('/runs', { experiment: 'e' });
    const answer = await server.post('/runs', { experiment: 'e' });
    expect(answer.json).toMatchObject({ status: 429, code: 'rate_limited', field: 'workspace', retriable: true });
    expect(answer.headers['retry-after']).toBe('1');
  });

  it('answers a log that does not take records with 503 and Retry-After, and tells nothing of a bug but its id', async () => {
    const failing = (error: Error) => (log: EventLog) => ({ ...log, append: () => Promise.reject(error) });
    await start({ wrapLog: failing(new AppendError('disk full', true)) });
    const away = await server.post('/runs', { experiment: 'e' });
    expect(away.json).toMatchObject({ status: 503, code: 'unavailable', retriable: true });
    expect(away.headers['retry-after']).toBeDefined();
  });
});

describe('a heartbeat', () => {
  const metricsHeads = () => [0, 1].map((partition) => server.log.head({ topic: 'metrics', partition }));
  const sum = () => metricsHeads().reduce((a, b) => a + b, 0);

  it('goes onto the log at most once per interval, and not for a run that has ended', async () => {
    await server.post('/runs', { experiment: 'e', id: 'r' });
    const first = await server.post('/runs/r/heartbeat');
    expect(first.status).toBe(200);
    expect(first.headers['runlog-position']).toMatch(/^test\.0(\._)*\.0$/);
    await server.post('/runs/r/heartbeat', {});
    expect(sum()).toBe(1);
    server.clock.advance(30_000);
    await server.post('/runs/r/heartbeat');
    expect(sum()).toBe(2);
    await server.post('/runs/r/finish', { status: 'killed' });
    server.clock.advance(30_000);
    expect(runOf(await server.post('/runs/r/heartbeat'))).toMatchObject({ status: 'killed' });
    expect(sum()).toBe(2);
  });
});
