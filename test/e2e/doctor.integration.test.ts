/** `runlog doctor` on real servers: content with a healthy one, and for each thing that is wrong a finding that says what to do. */
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dataLayout } from '../../cli/layout.js';
import { connect } from '../../clickhouse/client.js';
import { layout, writerPassword } from '../../clickhouse/config-files.js';
import type { DoctorFinding } from '../../clickhouse/doctor.js';
import { systemClock as clock } from '../../runtime/clock.js';
import { startStack, type Stack } from '../stack.js';
import { ask } from './api.js';
import { runlog } from './runlog.js';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

interface Looked {
  readonly code: number;
  readonly healthy: boolean;
  readonly findings: readonly DoctorFinding[];
  readonly stderr: string;
}

async function doctor(...flags: string[]): Promise<Looked> {
  const { code, stdout, stderr } = await runlog('doctor', '--json', '--data', stack.data, ...flags);
  return { code, stderr, ...(JSON.parse(stdout) as Pick<Looked, 'healthy' | 'findings'>) };
}

const of = ({ findings }: Looked, check: string) => findings.find((finding) => finding.check === check);
const wrong = ({ findings }: Looked) => findings.filter(({ ok }) => !ok).map(({ check }) => check);

it('finds everything in order on a healthy server, and names what it looked at', async () => {
  await ask(stack.url(), 'POST', '/api/v1/runs', { id: 'r', experiment: 'e' });
  const looked = await doctor();
  expect(wrong(looked)).toEqual([]);
  expect(looked).toMatchObject({ code: 0, healthy: true });
  const checks = looked.findings.map(({ check }) => check);
  for (const check of ['node', 'engine', 'folder', 'disk', 'server', 'ready.log', 'ready.projector']) {
    expect(checks).toContain(check);
  }
  for (const check of ['log', 'log.cut', 'state', 'tables.version', 'tables.tables', 'projector', 'letters', 'clock']) {
    expect(checks).toContain(check);
  }
  expect(of(looked, 'log')?.detail).toMatch(/^epoch \w+; control\/0 offsets 0 to 0, .*MiB; metrics\/0 offsets 0 to -1/);
});

it('names a view that is missing, with the way to get it back, and ends with 1', async () => {
  const dir = dataLayout(stack.data).clickhouse;
  const port = /<http_port>(\d+)/.exec(readFileSync(layout(dir).config, 'utf8'))?.[1] ?? '';
  const credentials = { user: 'writer', password: writerPassword(dir) };
  const writer = connect({ url: `http://127.0.0.1:${port}`, credentials, clock });
  const [made] = await writer.query(
    `SELECT create_table_query AS made FROM system.tables WHERE database = 'api' AND name = 'seen'`,
  );
  await writer.command('DROP VIEW api.seen SYNC');
  const looked = await doctor();
  await writer.command(String(made?.['made']));
  await writer.close();
  expect(looked.code).toBe(1);
  expect(wrong(looked)).toEqual(['tables.tables']);
  expect(of(looked, 'tables.tables')).toMatchObject({
    detail: 'api.seen is missing',
    advice: expect.stringContaining('Rebuild') as string,
  });
});

it('does not hide that a key may not look', async () => {
  const body = { name: 'k', scope: 'write' };
  const { body: made } = await ask<{ secret: string }>(stack.url(), 'POST', '/api/v1/keys', body);
  const looked = await doctor('--key', made.secret);
  expect(looked.code).toBe(1);
  expect(of(looked, 'details')?.advice).toContain('admin key');
  const elsewhere = await ask(stack.url(), 'GET', '/w/lab/api/v1/admin/doctor');
  expect(elsewhere.status).toBe(404);
});

it('looks at a stopped folder too, and says what was cut off a torn log, as the log of the server does', async () => {
  await stack.server().stop();
  const partition = path.join(dataLayout(stack.data).log, 'control-0');
  const segment = path.join(partition, readdirSync(partition).sort().at(-1) ?? '');
  appendFileSync(segment, Buffer.alloc(37, 0xee));
  const looked = await doctor();
  expect(wrong(looked)).toEqual([]);
  expect(of(looked, 'log.cut')?.detail).toContain(`37 bytes were cut off ${segment}`);
  const line = looked.stderr.split('\n').find((text) => text.includes('was cut'));
  expect(JSON.parse(line ?? '{}')).toMatchObject({
    topic: 'control',
    partition: 0,
    file: segment,
    bytes: 37,
    level: 40,
  });
  expect(of(await doctor(), 'log.cut')?.detail).toBe('nothing was cut at the last open');
});
