/** `/metrics` of a whole server says what was logged to it: points, repeats, refusals, the log's bytes and the tables' rows. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startStack, type Stack } from '../stack.js';
import { ask } from './api.js';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

async function metrics(): Promise<Map<string, number>> {
  const text = await (await fetch(`${stack.url()}/metrics`)).text();
  return new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

it('counts what was logged once, repeats apart, refusals by code, and is level in the end', async () => {
  await ask(stack.url(), 'POST', '/api/v1/runs', { id: 'r', experiment: 'e' });
  let position = '';
  const send = async (seq: number, points: number) => {
    const steps = Array.from({ length: points }, (_, i) => i);
    const body = { writer: 'w', seq, series: [{ key: 'loss', steps, values: steps }] };
    const reply = await ask<{ position: string }>(stack.url(), 'POST', '/api/v1/runs/r/points', body);
    expect(reply.status).toBe(202);
    position = reply.body.position;
  };
  await send(0, 100);
  await send(1, 23);
  await send(1, 23);
  expect((await ask(stack.url(), 'POST', '/api/v1/runs/unknown/points', { writer: 'w' })).status).toBe(404);
  expect((await ask(stack.url(), 'POST', '/api/v1/search', { filter: 'params.' })).status).toBe(400);
  expect((await ask(stack.url(), 'GET', `/api/v1/runs/r?at=${position}`)).status).toBe(200);

  // the projector's numbers come along with its health, a moment later
  await expect.poll(async () => (await metrics()).get('runlog_projector_batches_deduplicated_total')).toBe(1);
  const seen = await metrics();
  const of = (...names: string[]) => names.map((name) => [name, seen.get(name)]);
  expect(
    of(
      'runlog_ingest_points_accepted_total',
      'runlog_ingest_batches_accepted_total',
      'runlog_projector_points_total',
      'runlog_projector_batches_total',
      'runlog_inserted_rows_total{table="points"}',
      'runlog_inserted_rows_total{table="chunks"}',
      'runlog_log_appended_records_total{topic="metrics"}',
      'runlog_log_append_seconds_count{topic="metrics"}',
      'runlog_log_appended_records_total{topic="control"}',
      'runlog_projector_lag_events{topic="metrics",partition="0"}',
      'runlog_projector_lag_seconds{topic="metrics",partition="0"}',
      'runlog_requests_rejected_total{code="not_found",limit="",retriable="false"}',
      'runlog_requests_rejected_total{code="invalid_filter",limit="",retriable="false"}',
      'runlog_clickhouse_restarts_total',
      'runlog_dead_letters',
      'runlog_backlog_bytes',
    ),
  ).toEqual([
    ['runlog_ingest_points_accepted_total', 146],
    ['runlog_ingest_batches_accepted_total', 3],
    ['runlog_projector_points_total', 123],
    ['runlog_projector_batches_total', 2],
    ['runlog_inserted_rows_total{table="points"}', 123],
    ['runlog_inserted_rows_total{table="chunks"}', 2],
    ['runlog_log_appended_records_total{topic="metrics"}', 3],
    ['runlog_log_append_seconds_count{topic="metrics"}', 3],
    ['runlog_log_appended_records_total{topic="control"}', 1],
    ['runlog_projector_lag_events{topic="metrics",partition="0"}', 0],
    ['runlog_projector_lag_seconds{topic="metrics",partition="0"}', 0],
    ['runlog_requests_rejected_total{code="not_found",limit="",retriable="false"}', 1],
    ['runlog_requests_rejected_total{code="invalid_filter",limit="",retriable="false"}', 1],
    ['runlog_clickhouse_restarts_total', 0],
    ['runlog_dead_letters', 0],
    ['runlog_backlog_bytes', 0],
  ]);
  expect(seen.get('runlog_log_appended_bytes_total{topic="metrics"}')).toBeGreaterThan(146 * 16);
  expect(seen.get('process_resident_memory_bytes')).toBeGreaterThan(0);
});

it('counts a ClickHouse that was started again', async () => {
  process.kill(Number(stack.clickhousePid()), 'SIGKILL');
  await expect.poll(async () => (await metrics()).get('runlog_clickhouse_restarts_total'), { timeout: 60_000 }).toBe(1);
});
