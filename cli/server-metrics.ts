/** Every metric of a server under `/metrics`: its name, its meaning and where its numbers come from. docs/OPERATIONS.md lists them. */
import type { AppendSeen } from '../events/measured-log.js';
import type { Clock } from '../runtime/clock.js';
import { createMetrics, type Reading, type ServerMetrics } from '../runtime/metrics.js';
import type { Problem } from '../runtime/problem.js';
import type { ProjectorHealth } from '../projector/port.js';

/** Where numbers are read from when somebody asks; parts that are not there yet are left out. */
export interface MetricSources {
  readonly projector: () => ProjectorHealth;
  readonly deadLettersMax: number;
  /** Of a process that takes points in. */
  readonly backlog?: { readonly bytes: () => number; readonly bytesMax: number };
  readonly inFlight?: { readonly bytes: () => number; readonly bytesMax: number };
}

export interface ServerMeters {
  readonly metrics: ServerMetrics;
  appended(seen: AppendSeen): void;
  points(points: number): void;
  refused(problem: Problem): void;
  slowQuery(): void;
  clickhouseRestarted(): void;
  /** Called once, when everything is there. */
  watch(sources: MetricSources): void;
}

const APPEND_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** Fields of a 429 that name a limit; a field of any other refusal is the client's and could be anything. */
const LIMITS = new Set(['run', 'workspace', 'key', 'backlog', 'inFlight']);

export function createServerMeters(clock: Clock): ServerMeters {
  const metrics = createMetrics();
  const appendSeconds = metrics.histogram(
    { name: 'runlog_log_append_seconds', help: 'From an append to the log until it is durable', labels: ['topic'] },
    APPEND_SECONDS,
  );
  const appendedRecords = metrics.counter({
    name: 'runlog_log_appended_records_total',
    help: 'Records that are durable on the log',
    labels: ['topic'],
  });
  const appendedBytes = metrics.counter({
    name: 'runlog_log_appended_bytes_total',
    help: 'Bytes of value in records that are durable on the log, before compression',
    labels: ['topic'],
  });
  const appendsFailed = metrics.counter({
    name: 'runlog_log_appends_failed_total',
    help: 'Appends that could not be made durable',
    labels: ['topic'],
  });
  const acceptedPoints = metrics.counter({
    name: 'runlog_ingest_points_accepted_total',
    help: 'Points acknowledged to clients, repeats of batches included',
  });
  const acceptedBatches = metrics.counter({
    name: 'runlog_ingest_batches_accepted_total',
    help: 'Batches acknowledged to clients, repeats and signs of life included',
  });
  const refused = metrics.counter({
    name: 'runlog_requests_rejected_total',
    help: 'Requests answered with a problem, by its code; retriable ones were told to come back',
    labels: ['code', 'limit', 'retriable'],
  });
  const slow = metrics.counter({ name: 'runlog_slow_queries_total', help: 'Questions that took longer than a second' });
  const restarts = metrics.counter({
    name: 'runlog_clickhouse_restarts_total',
    help: 'Times that the embedded ClickHouse was started again after it ended',
  });
  return {
    metrics,
    appended({ topic, records, bytes, seconds, durable }) {
      appendSeconds.observe(seconds, { topic });
      if (!durable) {
        appendsFailed.add(1, { topic });
        return;
      }
      appendedRecords.add(records, { topic });
      appendedBytes.add(bytes, { topic });
    },
    points(points) {
      acceptedPoints.add(points);
      acceptedBatches.add(1);
    },
    refused(problem) {
      const { code, retriable, extras } = problem;
      const limit = retriable && LIMITS.has(extras.field ?? '') ? (extras.field ?? '') : '';
      refused.add(1, { code, limit, retriable: String(retriable) });
    },
    slowQuery: () => slow.add(1),
    clickhouseRestarted: () => restarts.add(1),
    watch(sources) {
      watchProjector(metrics, sources, clock);
      watchBackPressure(metrics, sources);
    },
  };
}

function watchProjector(metrics: ServerMetrics, { projector, deadLettersMax }: MetricSources, clock: Clock): void {
  const partitioned = <T>(of: { readonly control: T; readonly metrics: readonly T[] }, value: (part: T) => number) => [
    { labels: { topic: 'control', partition: '0' }, value: value(of.control) },
    ...of.metrics.map((part, i) => ({ labels: { topic: 'metrics', partition: String(i) }, value: value(part) })),
  ];
  const inserted = (of: 'rows' | 'bytes') => (): Reading[] =>
    Object.entries(projector().tally.inserted).map(([table, sizes]) => ({ labels: { table }, value: sizes[of] }));
  const tally = (of: 'points' | 'batches' | 'duplicates') => () => [{ value: projector().tally[of] }];

  metrics.gauge(
    {
      name: 'runlog_projector_lag_events',
      help: 'Records on the log that are not in the tables',
      labels: ['topic', 'partition'],
    },
    () => partitioned(projector().lag, (lag) => Math.max(0, lag)),
  );
  metrics.gauge(
    {
      name: 'runlog_projector_lag_seconds',
      help: 'Age of the oldest record on the log that is not in the tables, 0 when all are',
      labels: ['topic', 'partition'],
    },
    () => {
      const now = clock.now();
      return partitioned(projector().oldestWaiting, (at) => (at === null ? 0 : Math.max(0, now - at) / 1000));
    },
  );
  metrics.gauge(
    { name: 'runlog_projector_stopped', help: '1 when the projector has stopped; /readyz says why' },
    () => [{ value: projector().stoppedBecause === undefined ? 0 : 1 }],
  );
  metrics.totals({ name: 'runlog_projector_points_total', help: 'Points that came into the tables' }, tally('points'));
  metrics.totals(
    { name: 'runlog_projector_batches_total', help: 'Batches that came into the tables' },
    tally('batches'),
  );
  metrics.totals(
    { name: 'runlog_projector_batches_deduplicated_total', help: 'Batches left out: they are in the tables already' },
    tally('duplicates'),
  );
  metrics.totals(
    { name: 'runlog_inserted_rows_total', help: 'Rows that the tables acknowledged', labels: ['table'] },
    inserted('rows'),
  );
  metrics.totals(
    {
      name: 'runlog_inserted_bytes_total',
      help: 'Bytes of Native blocks that the tables acknowledged',
      labels: ['table'],
    },
    inserted('bytes'),
  );
  metrics.gauge(
    { name: 'runlog_dead_letters', help: 'Records that could not be projected and were not retried' },
    () => [{ value: projector().deadLetters }],
  );
  metrics.gauge(
    { name: 'runlog_dead_letters_limit', help: 'So many dead letters are borne before the projector stops' },
    () => [{ value: deadLettersMax }],
  );
}

function watchBackPressure(metrics: ServerMetrics, { backlog, inFlight }: MetricSources): void {
  if (backlog === undefined || inFlight === undefined) return;
  const sizes = [
    ['runlog_backlog_bytes', 'Bytes of points on the log that are not in the tables', backlog.bytes],
    ['runlog_backlog_limit_bytes', 'From here on points are told to come back', () => backlog.bytesMax],
    ['runlog_in_flight_bytes', 'Bytes of request bodies being received or appended', inFlight.bytes],
    ['runlog_in_flight_limit_bytes', 'From here on requests are told to come back', () => inFlight.bytesMax],
  ] as const;
  for (const [name, help, bytes] of sizes) metrics.gauge({ name, help }, () => [{ value: bytes() }]);
}
