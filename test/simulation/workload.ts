/** What simulated clients send: runs, their parameters and ends, and numbered batches of points with repeats, heartbeats and rubbish. */
import { encodeChunk } from '../../events/chunk.js';
import { encodeControlEvent, type ControlEvent } from '../../events/control-event.js';
import { encodeEnvelope } from '../../events/envelope.js';
import { partitionOf, type EventLog, type PartitionRef } from '../../events/event-log.js';
import type { NaivePoint } from './naive-series.js';
import type { Random } from './random.js';

export interface Workload {
  readonly runs: readonly { readonly id: string; readonly uuid: string }[];
  /** Points of all acknowledged batches, each batch once. */
  readonly points: readonly NaivePoint[];
  /** Batches that were acknowledged at least once: `run writer seq`. */
  readonly batches: readonly string[];
  readonly controlEvents: number;
  /** Positions of records that cannot be projected. */
  readonly rubbish: readonly { readonly at: PartitionRef; readonly offset: number }[];
  /** Latest receipt per run. */
  readonly lastSeen: ReadonlyMap<string, number>;
}

const WORKSPACE = 'lab';
const START = 1_700_000_000_000;
const KEYS = ['loss', 'acc', 'grad/norm'];
const ODD_STEPS = [-(2n ** 63n), -(2n ** 53n) - 1n, 2n ** 53n + 1n, 2n ** 63n - 1n];

const uuidOf = (n: number) =>
  `${n.toString(16).padStart(8, '0')}-0000-4000-8000-${(n * 7919).toString(16).padStart(12, '0')}`;
const event = (fields: object) => encodeControlEvent(fields as ControlEvent);

interface Client {
  readonly run: { readonly id: string; readonly uuid: string };
  readonly writer: string;
  seq: number;
  step: bigint;
  readonly sent: { readonly value: Uint8Array }[];
}

export interface WorkloadSize {
  readonly runs: number;
  readonly writersPerRun: number;
  readonly batches: number;
  readonly rubbish: boolean;
}

/** Appends everything to the log, in an order that clients could have sent it in. */
export async function appendWorkload(log: EventLog, random: Random, size: WorkloadSize): Promise<Workload> {
  const control: PartitionRef = { topic: 'control', partition: 0 };
  // numbers whose UUIDs fall into either of two partitions by turns
  const numbers = [1, 6, 2, 10].slice(0, size.runs);
  const runs = numbers.map((n, i) => ({ id: `run-${String(i)}`, uuid: uuidOf(n) }));
  let controlEvents = 0;
  const say = async (fields: object) => {
    const common = { v: 1, workspace: WORKSPACE, at: START + controlEvents, commandId: `c${String(controlEvents)}` };
    await log.append(control, [event({ ...common, ...fields })]);
    controlEvents += 1;
  };
  const rubbish: { at: PartitionRef; offset: number }[] = [];
  for (const { id, uuid } of runs) {
    await say({
      type: 'RunStarted',
      run: id,
      uuid,
      experiment: 'e',
      experimentId: uuidOf(999),
      params: { lr: '0.1' },
      tags: { team: 'a' },
    });
  }

  const clients = runs.flatMap((run) =>
    Array.from({ length: size.writersPerRun }, (_, w): Client => ({
      run,
      writer: `w${String(w)}`,
      seq: random.between(0, 3),
      step: 0n,
      sent: [],
    })),
  );
  const points: NaivePoint[] = [];
  const batches: string[] = [];
  const lastSeen = new Map<string, number>();
  let now = START;

  const append = async (client: Client, value: Uint8Array) => {
    const at: PartitionRef = { topic: 'metrics', partition: partitionOf(client.run.uuid, log.partitions('metrics')) };
    return { at, offset: await log.append(at, [value]) };
  };

  for (let b = 0; b < size.batches; b++) {
    now += random.between(1, 500);
    const client = random.pick(clients);
    const envelope = {
      workspace: WORKSPACE,
      run: client.run.uuid,
      receivedAt: now,
      generation: random.chance(0.1) ? 1 : 0,
    };
    const kind = random.next();
    if (kind < 0.06) {
      await append(client, encodeEnvelope(envelope, heartbeat(client.writer, now)));
      lastSeen.set(client.run.uuid, now);
    } else if (kind < 0.1 && size.rubbish) {
      rubbish.push(
        await append(
          client,
          random.chance(0.5)
            ? Uint8Array.of(1, 2, 3)
            : encodeEnvelope({ ...envelope, run: uuidOf(77_777) }, heartbeat('x', 1)),
        ),
      );
    } else if (kind < 0.25 && client.sent.length > 0) {
      // a retry of one that was acknowledged before, as its client or the broker may make it
      await append(client, random.pick(client.sent).value);
    } else {
      const made = chunkOf(client, envelope.generation, now, random);
      const value = encodeEnvelope(envelope, made.bytes);
      await append(client, value);
      client.sent.push({ value });
      points.push(...made.points);
      batches.push(`${client.run.uuid} ${client.writer} ${String(client.seq)}`);
      lastSeen.set(client.run.uuid, now);
      client.seq += random.chance(0.1) ? 2 : 1;
    }
    if (random.chance(0.05)) {
      const run = random.pick(runs);
      await say({
        type: 'RunUpdated',
        run: run.id,
        tags: { team: `t${String(b)}`, ...(random.chance(0.3) ? { other: null } : { other: 'x' }) },
      });
    }
  }
  for (const run of runs) {
    await say({ type: 'ParamsSet', run: run.id, params: { depth: '3', name: 'x' }, overwrite: false });
    if (random.chance(0.5)) await say({ type: 'RunFinished', run: run.id, status: 'completed' });
  }
  return { runs, points, batches, controlEvents, rubbish, lastSeen };
}

const heartbeat = (writer: string, seq: number) =>
  encodeChunk({
    kind: 'heartbeat',
    writer,
    seq,
    generation: 0,
    series: [],
    seriesIndex: [],
    step: [],
    time: [],
    value: [],
  });

function chunkOf(client: Client, generation: number, now: number, random: Random) {
  const series = KEYS.slice(0, random.between(1, KEYS.length)).map((key) => ({
    key,
    context: random.chance(0.2) ? '{"subset":"val"}' : '',
  }));
  const rows = random.between(1, 12);
  const seriesIndex: number[] = [];
  const step: bigint[] = [];
  const micro: number[] = [];
  const time: number[] = [];
  const value: number[] = [];
  for (let i = 0; i < rows; i++) {
    seriesIndex.push(random.between(0, series.length - 1));
    client.step += BigInt(random.between(0, 40));
    step.push(random.chance(0.03) ? random.pick(ODD_STEPS) : random.chance(0.1) ? client.step - 100n : client.step);
    micro.push(random.chance(0.2) ? 500_000 : 0);
    time.push(now - random.between(0, 1000));
    value.push(random.chance(0.1) ? random.pick([NaN, Infinity, -Infinity]) : random.between(-800, 800) / 8);
  }
  const hasMicro = micro.some((m) => m !== 0);
  const bytes = encodeChunk({
    kind: 'points',
    writer: client.writer,
    seq: client.seq,
    generation,
    series,
    seriesIndex,
    step,
    micro: hasMicro ? micro : undefined,
    time,
    value,
    lz4: random.chance(0.3),
  });
  const points = value.map((v, i): NaivePoint => ({
    workspace: WORKSPACE,
    run: client.run.uuid,
    generation,
    key: series[seriesIndex[i] ?? 0]?.key ?? '',
    context: series[seriesIndex[i] ?? 0]?.context ?? '',
    step: step[i] ?? 0n,
    micro: micro[i] ?? 0,
    time: time[i] ?? 0,
    value: v,
  }));
  return { bytes, points };
}
