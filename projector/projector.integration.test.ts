/** The projector on real ClickHouse: what is in the tables, merged by the engine, against naive summaries of what was sent. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeChunk } from '../events/chunk.js';
import { encodeControlEvent, type ControlEvent } from '../events/control-event.js';
import { encodeEnvelope } from '../events/envelope.js';
import type { EventLog } from '../events/event-log.js';
import { createMemoryLog } from '../events/event-log.memory.js';
import { covers, emptyPosition, mergePositions, type Position } from '../events/position.js';
import { systemClock } from '../runtime/clock.js';
import { silentLogger } from '../runtime/logger.js';
import { createMemoryStore } from '../state/memory-store.js';
import type { StateStore } from '../state/store.js';
import { sharedClickHouse, type TestClickHouse } from '../test/clickhouse.js';
import { expectSummary } from '../test/simulation/expect-series.js';
import { bucketOf, bySeries, seriesName, summarise, type NaivePoint } from '../test/simulation/naive-series.js';
import { seeded } from '../test/simulation/random.js';
import { readPoints, readRollups, readSeries } from '../test/simulation/read-back.js';
import { appendWorkload } from '../test/simulation/workload.js';
import { createProjectionTables, type ProjectionTables } from './projection-tables.js';
import { createProjector } from './projector.js';
import { ProjectionStopped } from './slice.js';

const EPOCH = 'real';
const CONTROL = { topic: 'control', partition: 0 } as const;
const RUN = '0b5e55ed-0000-4000-8000-00000000cafe';

let ch: TestClickHouse;
let log: EventLog;
let store: StateStore;

beforeEach(async () => {
  ch = await sharedClickHouse();
  log = createMemoryLog({ epoch: EPOCH, metricsPartitions: 2 });
  store = createMemoryStore(EPOCH);
});

afterEach(async () => {
  await ch.drop();
});

const headOf = (): Position => ({
  epoch: EPOCH,
  control: log.head(CONTROL) - 1,
  metrics: [0, 1].map((partition) => log.head({ topic: 'metrics', partition }) - 1),
});

/** One start of the projector, until everything is in the tables, or until `insertsMax` inserts were made: then it is gone without a word. */
async function project(options: { rowsMax?: number; insertsMax?: number } = {}): Promise<void> {
  const real = createProjectionTables(ch.writer, ch.database);
  let inserts = 0;
  let die: () => void = () => undefined;
  const dead = new Promise<void>((resolve) => (die = resolve));
  const tables: ProjectionTables = {
    ...real,
    async insert(table, block, token) {
      if (inserts++ >= (options.insertsMax ?? Infinity)) return new Promise<never>(die);
      await real.insert(table, block, token);
    },
  };
  let position = emptyPosition(EPOCH);
  let arrive: () => void = () => undefined;
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  const projector = createProjector({
    log,
    store,
    tables,
    clock: systemClock,
    logger: silentLogger,
    sizes: { rowsMax: options.rowsMax ?? 100_000, bytesMax: 1 << 24, eventsMax: 1000 },
    publish(next) {
      position = mergePositions(position, next);
      if (covers(position, headOf())) arrive();
    },
  });
  await projector.start();
  await Promise.race([arrived, dead, projector.ended.then(() => expect(projector.health()).toEqual({}))]);
  // one that is dead never answers; it is told to stop so that no timer of it is left
  const stopped = projector.stop();
  if (inserts <= (options.insertsMax ?? Infinity)) await stopped;
}

async function expectNaive(points: readonly NaivePoint[]): Promise<void> {
  const text = (p: NaivePoint) => [seriesName(p), p.step, p.micro, p.time, p.value].join(' ');
  const actual = await readPoints(ch.writer, `${ch.database}.points`);
  expect(actual.map(text).sort()).toEqual(points.map(text).sort());
  const series = bySeries(points);
  for (const table of ['series', 'series_by_run']) {
    const read = await readSeries(ch.writer, `${ch.database}.${table}`);
    expect([...read.keys()].sort()).toEqual([...series.keys()].sort());
    for (const [name, summary] of read)
      expectSummary(summary, summarise(series.get(name) ?? []), series.get(name) ?? []);
  }
  for (const level of [1, 2, 3]) {
    const buckets = new Map<string, NaivePoint[]>();
    for (const point of points) {
      const name = `${seriesName(point)} ${String(bucketOf(point.step, level))}`;
      buckets.set(name, [...(buckets.get(name) ?? []), point]);
    }
    const read = await readRollups(ch.writer, `${ch.database}.rollups`, level);
    expect([...read.keys()].sort()).toEqual([...buckets.keys()].sort());
    for (const [name, summary] of read)
      expectSummary(summary, summarise(buckets.get(name) ?? []), buckets.get(name) ?? []);
  }
}

const say = (fields: object) => log.append(CONTROL, [encodeControlEvent(fields as ControlEvent)]);

async function startRun(more: object = {}): Promise<void> {
  const envelope = { v: 1, commandId: 'start', workspace: 'lab', at: 1000 };
  await say({
    ...envelope,
    type: 'RunStarted',
    run: 'r',
    uuid: RUN,
    experiment: 'e',
    experimentId: RUN.replace('0b', '1c'),
    ...more,
  });
}

interface Given {
  readonly step: bigint;
  readonly value: number;
  readonly micro?: number;
  readonly time?: number;
}

let seq = 0;
async function send(points: readonly Given[], generation = 0): Promise<NaivePoint[]> {
  const chunk = encodeChunk({
    kind: 'points',
    writer: 'w',
    seq: seq++,
    generation,
    series: [{ key: 'loss', context: '' }],
    seriesIndex: points.map(() => 0),
    step: points.map(({ step }) => step),
    micro: points.map(({ micro = 0 }) => micro),
    time: points.map(({ time = 5 }) => time),
    value: points.map(({ value }) => value),
  });
  const envelope = { workspace: 'lab', run: RUN, receivedAt: 2000, generation };
  await log.append({ topic: 'metrics', partition: 0 }, [encodeEnvelope(envelope, chunk)]);
  return points.map(({ step, value, micro = 0, time = 5 }) => ({
    workspace: 'lab',
    run: RUN,
    generation,
    key: 'loss',
    context: '',
    step,
    micro,
    time,
    value,
  }));
}

describe('the projector on ClickHouse', () => {
  it('keeps what clients sent, with exact summaries: late, repeated, NaN, infinite, rewound, beyond 2^53', async () => {
    const workload = await appendWorkload(log, seeded(11), { runs: 4, writersPerRun: 2, batches: 300, rubbish: true });
    await project({ rowsMax: 500 });
    await expectNaive(workload.points);
    const [letters] = await ch.writer.query(`SELECT count() AS n FROM ${ch.database}.dead_letters`);
    expect(letters?.['n']).toBe(workload.rubbish.length);
  });

  it.each([1, 2, 3, 5, 8, 12, 20, 33])(
    'goes on after a death at insert %i that took its commits and its store',
    async (insertsMax) => {
      const workload = await appendWorkload(log, seeded(3), { runs: 2, writersPerRun: 2, batches: 60, rubbish: false });
      await project({ rowsMax: 60, insertsMax });
      const kept = log;
      store = createMemoryStore(EPOCH);
      log = { ...kept, committed: () => Promise.resolve(undefined) };
      await project({ rowsMax: 200 });
      await expectNaive(workload.points);
      const [batches] = await ch.writer.query(
        `SELECT count() AS n, uniqExact(run, writer, seq) AS u FROM ${ch.database}.chunks`,
      );
      expect([batches?.['n'], batches?.['u']]).toEqual([workload.batches.length, workload.batches.length]);
      const [events] = await ch.writer.query(`SELECT count() AS n FROM ${ch.database}.events`);
      expect(events?.['n']).toBe(workload.controlEvents);
    },
  );

  it('keeps the spread of large values that differ little, over slices that the engine merges', async () => {
    await startRun();
    const points = [];
    for (let i = 0; i < 5; i++) {
      points.push(...(await send([1e8, 1e8 + 1, 1e8 + 2].map((value, n) => ({ step: BigInt(3 * i + n), value })))));
      await project();
    }
    const read = async () => (await readSeries(ch.writer, `${ch.database}.series`)).values().next().value;
    expect((await read())?.variance).toBeCloseTo(2 / 3, 12);
    await ch.writer.command(`OPTIMIZE TABLE ${ch.database}.series FINAL`);
    expect((await read())?.variance).toBeCloseTo(2 / 3, 12);
    await expectNaive(points);
  });

  it('keeps generations apart and orders micro-steps and ties as tuples', async () => {
    await startRun();
    const points = [
      ...(await send([
        { step: 7n, value: NaN, micro: 3 },
        { step: 7n, value: 1, micro: 2 },
        { step: -1n, value: 5, time: 9 },
        { step: -1n, value: 4, time: 9 },
      ])),
      ...(await send([
        { step: 7n, value: 0, micro: 3 },
        { step: 7n, value: -1, micro: 3, time: 4 },
      ])),
      ...(await send([{ step: 3n, value: 100 }], 1)),
    ];
    await project();
    await expectNaive(points);
  });

  it('writes runs, parameters with their numbers, tags, experiments and events', async () => {
    await startRun({
      params: { lr: '1e-3', opt: 'adam', inf: 'inf' },
      tags: { team: 'nlp' },
      context: { git: { commit: 'abc' } },
      name: 'first',
    });
    await say({
      v: 1,
      commandId: 'c2',
      workspace: 'lab',
      at: 1001,
      type: 'RunUpdated',
      run: 'r',
      tags: { team: null, stage: 'x' },
      notes: 'ü',
    });
    await say({
      v: 1,
      commandId: 'c3',
      workspace: 'lab',
      at: 1002,
      type: 'ParamsSet',
      run: 'r',
      params: { lr: '2' },
      overwrite: false,
    });
    await say({ v: 1, commandId: 'c4', workspace: 'lab', at: 1003, type: 'RunRewound', run: 'r', step: -5 });
    await say({
      v: 1,
      commandId: 'c5',
      workspace: 'lab',
      at: 1004,
      type: 'RunFinished',
      run: 'r',
      status: 'failed',
      reason: 'OOM',
    });
    const hash = 'ab'.repeat(32);
    await say({
      v: 1,
      commandId: 'c6',
      workspace: 'lab',
      at: 1005,
      type: 'KeyCreated',
      key: 'keykeykey',
      name: 'k',
      secretHash: hash,
      scope: 'admin',
    });
    await log.append(CONTROL, [Buffer.from('{"not": "an event"')]);
    await project();
    const rows = (sql: string) => ch.writer.query(sql.replaceAll('$', ch.database));
    expect(
      await rows(
        `SELECT id, toString(run) AS run, name, notes, status, reason, context, generation, has_segments, toUnixTimestamp64Milli(ended_at) AS ended, version FROM $.runs FINAL`,
      ),
    ).toEqual([
      {
        id: 'r',
        run: RUN,
        name: 'first',
        notes: 'ü',
        status: 'failed',
        reason: 'OOM',
        context: '{"git":{"commit":"abc"}}',
        generation: 1,
        has_segments: 1,
        ended: 1004,
        version: 4,
      },
    ]);
    expect(await rows(`SELECT toString(source) AS source, source_generation, cut FROM $.segments FINAL`)).toEqual([
      { source: RUN, source_generation: 0, cut: -5 },
    ]);
    const params = [
      { key: 'inf', value: 'inf', number: null },
      { key: 'lr', value: '1e-3', number: 0.001 },
      { key: 'opt', value: 'adam', number: null },
    ];
    expect(await rows(`SELECT key, value, number FROM $.params FINAL ORDER BY key`)).toEqual(params);
    expect(await rows(`SELECT key, value, number FROM $.params_by_run FINAL ORDER BY key`)).toEqual(params);
    const tags = [
      { key: 'stage', value: 'x', removed: 0 },
      { key: 'team', value: '', removed: 1 },
    ];
    expect(await rows(`SELECT key, value, removed FROM $.tags FINAL ORDER BY key`)).toEqual(tags);
    expect(await rows(`SELECT key, value, removed FROM $.tags_by_run FINAL ORDER BY key`)).toEqual(tags);
    expect(
      await rows(`SELECT name, deleted, toUnixTimestamp64Milli(created_at) AS at FROM $.experiments FINAL`),
    ).toEqual([{ name: 'e', deleted: 0, at: 1000 }]);
    expect(await rows(`SELECT offset, type, accepted, refusal FROM $.events ORDER BY offset`)).toEqual([
      { offset: 0, type: 'RunStarted', accepted: 1, refusal: '' },
      { offset: 1, type: 'RunUpdated', accepted: 1, refusal: '' },
      { offset: 2, type: 'ParamsSet', accepted: 0, refusal: 'param_conflict' },
      { offset: 3, type: 'RunRewound', accepted: 1, refusal: '' },
      { offset: 4, type: 'RunFinished', accepted: 1, refusal: '' },
      { offset: 5, type: 'KeyCreated', accepted: 1, refusal: '' },
    ]);
    expect(await rows(`SELECT countIf(position(event, '${hash}') > 0) AS leaked FROM $.events`)).toEqual([
      { leaked: 0 },
    ]);
    expect(await rows(`SELECT topic, partition, offset, value FROM $.dead_letters`)).toEqual([
      { topic: 'control', partition: 0, offset: 6, value: '{"not": "an event"' },
    ]);
  });

  it('says no to tables that were filled from another log', async () => {
    await startRun();
    await project();
    log = createMemoryLog({ epoch: 'another', metricsPartitions: 2 });
    const projector = createProjector({
      log,
      store: createMemoryStore('another'),
      tables: createProjectionTables(ch.writer, ch.database),
      clock: systemClock,
      logger: silentLogger,
      publish: () => undefined,
    });
    await projector.start();
    expect(await projector.ended).toBeInstanceOf(ProjectionStopped);
    expect(projector.health().stoppedBecause).toContain('filled from another log (epoch real, this log is another)');
    await projector.stop();
  });
});
