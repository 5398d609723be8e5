/** What `/metrics` says: every name is in the table of docs/OPERATIONS.md, and labels cannot grow with what clients send. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../runtime/entry.js';
import { Problem } from '../runtime/problem.js';
import { createManualClock } from '../test/manual-clock.js';
import { createServerMeters, type MetricSources } from './server-metrics.js';

const clock = createManualClock();

const sources: MetricSources = {
  projector: () => ({
    lag: { control: 0, metrics: [3, 0] },
    oldestWaiting: { control: null, metrics: [clock.now() - 1500, null] },
    deadLetters: 2,
    tally: { points: 7, batches: 2, duplicates: 1, inserted: { points: { rows: 7, bytes: 99 } } },
  }),
  deadLettersMax: 10,
  backlog: { bytes: () => 5, bytesMax: 50 },
  inFlight: { bytes: () => 6, bytesMax: 60 },
};

function meters() {
  const made = createServerMeters(clock);
  made.watch(sources);
  return made;
}

it('reads lag, totals and bounds at the moment of asking', async () => {
  const text = await meters().metrics.text();
  for (const line of [
    'runlog_projector_lag_events{topic="metrics",partition="0"} 3',
    'runlog_projector_lag_seconds{topic="metrics",partition="0"} 1.5',
    'runlog_projector_lag_seconds{topic="control",partition="0"} 0',
    'runlog_projector_points_total 7',
    'runlog_inserted_bytes_total{table="points"} 99',
    'runlog_dead_letters 2',
    'runlog_backlog_limit_bytes 50',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(text).toContain('process_resident_memory_bytes');
  expect(text).toContain('process_cpu_seconds_total');
  expect(text).toContain('nodejs_eventloop_lag_seconds');
});

it('counts refusals by code, and names a limit only where the product named it', async () => {
  const made = meters();
  made.refused(new Problem('rate_limited', 'slower', { field: 'run' }));
  made.refused(new Problem('backlogged', 'later', { field: 'backlog' }));
  made.refused(new Problem('invalid_request', 'no', { field: 'params.anything-that-a-client-sends' }));
  made.refused(new Problem('not_found', 'no', { field: 'run' }));
  const lines = (await made.metrics.text()).split('\n').filter((line) => line.startsWith('runlog_requests_rejected'));
  expect(lines.sort()).toEqual([
    'runlog_requests_rejected_total{code="backlogged",limit="backlog",retriable="true"} 1',
    'runlog_requests_rejected_total{code="invalid_request",limit="",retriable="false"} 1',
    'runlog_requests_rejected_total{code="not_found",limit="",retriable="false"} 1',
    'runlog_requests_rejected_total{code="rate_limited",limit="run",retriable="true"} 1',
  ]);
});

it('has the same names as the table in docs/OPERATIONS.md', async () => {
  const text = await meters().metrics.text();
  const named = [...text.matchAll(/^# TYPE (runlog_\w+)/gm)].map(([, name]) => name);
  const documented = readFileSync(path.join(packageRoot, 'docs/OPERATIONS.md'), 'utf8').matchAll(
    /^\| `(runlog_\w+)`/gm,
  );
  expect([...documented].map(([, name]) => name).sort()).toEqual(named.sort());
});
