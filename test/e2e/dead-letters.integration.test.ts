/** Dead letters of a whole server: listed, shown, retried once, by the operator and by the workspace they belong to; and their budget. */
import { afterEach, expect, it } from 'vitest';
import { dataLayout } from '../../cli/layout.js';
import { encodeChunk } from '../../events/chunk.js';
import { encodeControlEvent } from '../../events/control-event.js';
import { encodeEnvelope } from '../../events/envelope.js';
import type { EventLog } from '../../events/event-log.js';
import { openFileLog } from '../../events/event-log.file.js';
import type { DeadLetterAnswer, DeadLettersAnswer, RunAnswer } from '../../query/api.js';
import { systemClock as clock } from '../../runtime/clock.js';
import { runStarted, uuidOf } from '../control-events.js';
import { startServerProcess } from '../../bench/server-process.js';
import { startStack, type Stack } from '../stack.js';
import { ask } from './api.js';
import { runlog } from './runlog.js';

const METRICS = { topic: 'metrics', partition: 0 } as const;
const CONTROL = { topic: 'control', partition: 0 } as const;
let stack: Stack;
afterEach(() => stack.stop());

/** Points of a run that nobody has started. */
const orphan = (name: string, workspace = 'default') =>
  encodeEnvelope(
    { workspace, run: uuidOf(`${workspace}/${name}`), receivedAt: clock.now(), generation: 0 },
    encodeChunk({
      kind: 'points',
      writer: 'w',
      seq: 0,
      generation: 0,
      series: [{ key: 'loss', context: '' }],
      seriesIndex: [0, 0],
      step: [1, 2],
      time: [clock.now(), clock.now()],
      value: [0.5, 0.25],
    }),
  );

/** Writes to the log of a stopped server. */
async function whileStopped(action: (log: EventLog) => Promise<unknown>): Promise<void> {
  await stack.server().stop();
  const log = await openFileLog(dataLayout(stack.data).log, { metricsPartitions: 1, clock });
  await action(log);
  await log.close();
}

const letters = async (headers: Record<string, string> = {}, query = '') => {
  const response = await fetch(`${stack.url()}/api/v1/admin/dead-letters${query}`, { headers });
  return { status: response.status, body: (await response.json()) as DeadLettersAnswer };
};

it('are listed with reason and size, shown with their bytes, and count once when their cause is gone', async () => {
  stack = await startStack();
  const poison = Buffer.from('no envelope at all');
  await whileStopped((log) => log.append(METRICS, [orphan('late'), poison]));
  await stack.start();
  await expect.poll(async () => (await letters()).body.total, { timeout: 30_000 }).toBe(2);

  const { body } = await letters();
  expect(body.letters).toMatchObject([
    { ...METRICS, offset: 0, workspace: 'default', size: orphan('late').length, retry: null },
    { ...METRICS, offset: 1, workspace: '', size: poison.length, retry: null },
  ]);
  expect(body.letters[0]?.reason).toContain('is not known');
  const page = await letters({}, '?limit=1');
  expect(page.body).toMatchObject({ letters: [{ offset: 0 }], next: 'metrics/0/0', total: 2 });
  expect((await letters({}, `?limit=1&cursor=${page.body.next ?? ''}`)).body).toMatchObject({
    letters: [{ offset: 1 }],
    next: null,
  });
  const shown = await ask<DeadLetterAnswer>(stack.url(), 'GET', '/api/v1/admin/dead-letters/metrics/0/0');
  expect(shown.body.letter.header).toMatchObject({
    envelope: { workspace: 'default', run: uuidOf('default/late') },
    chunk: { kind: 'points', writer: 'w', seq: 0, rows: 2, keys: ['loss'] },
  });
  const raw = await ask<DeadLetterAnswer>(stack.url(), 'GET', '/api/v1/admin/dead-letters/metrics/0/1');
  expect(raw.body.letter).toMatchObject({ header: null, bytes: poison.toString('base64'), truncated: false });
  expect((await ask(stack.url(), 'GET', '/api/v1/admin/dead-letters/metrics/0/9')).status).toBe(404);

  // the run comes to be: its points can be projected now, the other record never
  await whileStopped((log) => log.append(CONTROL, [encodeControlEvent(runStarted('late'))]));
  await stack.start();
  const retried = await runlog('dead-letters', 'retry', '--all', '--url', stack.url());
  expect(retried.stdout.trim().split('\n')).toEqual([
    'metrics/0/0 was appended anew as metrics/0/2: it is in the tables',
    'metrics/0/1 was appended anew as metrics/0/3: it could not be projected again and is a new dead letter (envelope is truncated)',
  ]);
  const again = await runlog('dead-letters', 'retry', 'metrics/0/0', '--json', '--url', stack.url());
  expect(JSON.parse(again.stdout)).toMatchObject({ retries: [{ retriedAs: { offset: 2 }, outcome: 'projected' }] });
  const { body: late } = await ask<RunAnswer>(stack.url(), 'GET', '/api/v1/runs/late');
  expect(late.run.metrics['loss']).toMatchObject({ count: 2, last: 0.25 });

  const list = await runlog('dead-letters', 'list', '--url', stack.url());
  expect(list.stdout).toMatch(/metrics\/0\/0 .*retried as 2/);
  expect(list.stdout).toMatch(/metrics\/0\/3 .*waiting/);
  expect((await runlog('dead-letters', 'show', 'metrics/0/3', '--url', stack.url())).stdout).toContain(
    poison.toString('base64'),
  );
});

it('past their budget stop the projector, which says why and what to do, until they are retried or the budget is raised', async () => {
  stack = await startStack(['--dead-letters-max', '1']);
  await whileStopped((log) => log.append(METRICS, [orphan('one')]));
  await stack.start();
  await expect.poll(async () => (await letters()).body.total, { timeout: 30_000 }).toBe(1);
  await whileStopped((log) => log.append(METRICS, [orphan('two')]));
  await stack.start();
  const ready = () =>
    ask<{ status: string; parts: { projector: string } }>(stack.url(), 'GET', '/readyz').then(({ status, body }) => ({
      status,
      projector: body.parts.projector,
    }));
  const stopped = {
    status: 503,
    projector: expect.stringMatching(/more than 1 records .*metrics\/0 offset 1.*--dead-letters-max/) as string,
  };
  await expect.poll(ready, { timeout: 30_000 }).toEqual(stopped);
  const doctor = await runlog('doctor', '--url', stack.url(), '--data', stack.data);
  expect(doctor.code).toBe(1);
  expect(doctor.stdout).toContain('--dead-letters-max');

  // retrying makes room, also while the projector stands still
  await ask(stack.url(), 'POST', '/api/v1/runs', { experiment: 'e' });
  const retried = await runlog('dead-letters', 'retry', '--all', '--url', stack.url());
  expect(retried.stdout).toContain('not projected yet');
  await stack.server().stop();
  const raised = await startServerProcess(stack.data, ['--dead-letters-max', '5']);
  await expect.poll(async () => (await ask(raised.url, 'GET', '/readyz')).status, { timeout: 30_000 }).toBe(200);
  const all = async () => {
    const { body } = await ask<DeadLettersAnswer>(raised.url, 'GET', '/api/v1/admin/dead-letters');
    return body.letters.map(({ offset, retry }) => [offset, retry?.retriedAs ?? null]);
  };
  await expect.poll(all, { timeout: 30_000 }).toEqual([
    [0, 2],
    [1, null],
    [2, null],
  ]);
  await raised.stop();
});

it('are seen by admins only: a workspace sees its own, the one of the operator all', async () => {
  stack = await startStack();
  const keyFor = async (workspace: string, scope: string) => {
    const path = `/w/${workspace}/api/v1/keys`;
    const made = await ask<{ secret: string }>(stack.url(), 'POST', path, { name: scope, scope });
    return { authorization: `Bearer ${made.body.secret}` };
  };
  const lab = await keyFor('lab', 'admin');
  const reader = await keyFor('lab', 'read');
  const operator = await keyFor('default', 'admin');
  await whileStopped((log) => log.append(METRICS, [orphan('a', 'lab'), orphan('b', 'hidden'), Buffer.from('?')]));
  await stack.start();
  const seen = async (headers: Record<string, string>) => {
    const { status, body } = await letters(headers);
    return status === 200 ? body.letters.map(({ offset }) => offset) : status;
  };
  await expect.poll(() => seen(operator), { timeout: 30_000 }).toEqual([0, 1, 2]);
  expect(await seen(lab)).toEqual([0]);
  expect(await seen(reader)).toBe(403);
  const retry = (offset: number, headers: Record<string, string>) =>
    fetch(`${stack.url()}/api/v1/admin/dead-letters/metrics/0/${String(offset)}/retry`, { method: 'POST', headers });
  expect((await retry(1, lab)).status).toBe(404);
  expect((await retry(0, reader)).status).toBe(403);
  expect((await retry(0, lab)).status).toBe(200);
});
