/** The log on Kafka on bad days: brokers killed and away, topics changed under it, several processes at once, groups that fell behind. */
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import kafkajs from 'kafkajs';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { systemClock, type Clock } from '../runtime/clock.js';
import { entryFile } from '../runtime/entry.js';
import { limits } from '../runtime/limits.js';
import { noise } from '../test/noise.js';
import { describeWithKafka, freshPrefix, sharedKafka } from '../test/kafka.js';
import type { TestBroker } from '../test/services/kafka.js';
import type { EventLog, LogRecord, PartitionRef } from './event-log.js';
import { openKafkaLog, type KafkaLog } from './event-log.kafka.js';

const control: PartitionRef = { topic: 'control', partition: 0 };
const metrics = (partition: number): PartitionRef => ({ topic: 'metrics', partition });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = ({ value }: LogRecord): string => new TextDecoder().decode(value);
const never = new AbortController().signal;

describeWithKafka('the log on Kafka on bad days', () => {
  let broker: TestBroker;
  const logs: KafkaLog[] = [];
  beforeAll(async () => {
    broker = await sharedKafka();
  });
  afterEach(async () => {
    await Promise.all(logs.splice(0).map((log) => log.close()));
  });

  async function open(prefix: string, clock: Clock = systemClock): Promise<KafkaLog> {
    const opened = await openKafkaLog({ brokers: [broker.address], prefix, metricsPartitions: 2, clock });
    if (!opened.ok) throw new Error(opened.error);
    logs.push(opened.value);
    return opened.value;
  }

  async function readAll(log: EventLog, at: PartitionRef, until: number): Promise<LogRecord[]> {
    const found: LogRecord[] = [];
    while (found.length < until) {
      await log.waitPast(at, found.length, never);
      found.push(...(await log.read(at, found.length, limits.logReadBytesMax)));
    }
    return found;
  }

  async function withAdmin<T>(work: (admin: kafkajs.Admin) => Promise<T>): Promise<T> {
    const admin = new kafkajs.Kafka({ brokers: [broker.address], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  }

  it('loses nothing that was acknowledged when the broker is killed, and keeps order and batches whole', async () => {
    const log = await open(freshPrefix());
    const acknowledged: { first: number; names: readonly string[] }[] = [];
    let goal = 200;
    let wake: () => void = () => undefined;
    const reached = (count: number) =>
      new Promise<void>((resolve) => {
        goal = count;
        wake = resolve;
      });
    let going = true;
    const lane = async (name: string): Promise<void> => {
      for (let i = 0; going; i++) {
        const names = Array.from({ length: 1 + (i % 3) }, (_, j) => `${name}.${String(i)}.${String(j)}`);
        const values = names.map((n) => Buffer.concat([bytes(n), noise(i % 2000, i)]));
        const first = await log.append(metrics(0), values);
        acknowledged.push({ first, names });
        if (acknowledged.length >= goal) wake();
      }
    };
    const warm = reached(200);
    const lanes = ['a', 'b', 'c'].map(lane);
    await warm;
    for (let round = 0; round < 2; round++) {
      await broker.kill();
      await broker.start();
      await reached(acknowledged.length + 200);
    }
    going = false;
    await Promise.all(lanes);
    const records = await readAll(log, metrics(0), log.head(metrics(0)));
    const nameAt = (offset: number): string => /^[a-c]\.\d+\.\d/.exec(textOf(records[offset] as LogRecord))?.[0] ?? '';
    for (const { first, names } of acknowledged) expect(names.map((_, i) => nameAt(first + i))).toEqual(names);
    // whole batches, also of what is there twice
    for (let offset = 0; offset < records.length;) {
      const [lane = '', batch = '', member] = nameAt(offset).split('.');
      expect(member).toBe('0');
      const size = 1 + (Number(batch) % 3);
      for (let i = 0; i < size; i++) expect(nameAt(offset + i)).toBe(`${lane}.${batch}.${String(i)}`);
      offset += size;
    }
    for (const name of ['a', 'b', 'c']) {
      const own = acknowledged.filter(({ names }) => names[0]?.startsWith(name)).map(({ first }) => first);
      expect(own).toEqual([...own].sort((x, y) => x - y));
    }
  });

  it('says of appends that find no broker that they can be tried again, and goes on when it is back', async () => {
    // a clock on which the patience of half a minute is over soon
    const hasty: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() * 20 };
    const prefix = freshPrefix();
    const log = await open(prefix, hasty);
    const patient = await open(prefix);
    await log.append(control, [bytes('before')]);
    await broker.kill();
    await expect(log.append(control, [bytes('lost')])).rejects.toMatchObject({ name: 'AppendError', retriable: true });
    await expect(log.commit('g', control, 1, '')).rejects.toMatchObject({ name: 'AppendError', retriable: true });
    const waits = patient.append(control, [bytes('waits')]);
    await broker.start();
    const offset = await waits;
    await log.waitPast(control, offset, never);
    expect(textOf((await log.read(control, offset, 100))[0] as LogRecord)).toBe('waits');
    expect(await log.append(control, [bytes('after')])).toBe(offset + 1);
  });

  it('closes soon while the broker is away, and refuses what it could not append', async () => {
    const log = await open(freshPrefix());
    await broker.kill();
    const waits = log.append(control, [bytes('x')]);
    waits.catch(() => undefined);
    await log.close();
    await expect(waits).rejects.toMatchObject({ name: 'AppendError', retriable: true });
    await broker.start();
  });

  it('refuses what is too large for the topic without a retry, and takes its neighbours', async () => {
    const prefix = freshPrefix();
    const log = await open(prefix);
    const configEntries = [{ name: 'max.message.bytes', value: '5000' }];
    const topic = { type: kafkajs.ConfigResourceTypes.TOPIC, name: `${prefix}.metrics`, configEntries };
    await withAdmin((admin) => admin.alterConfigs({ validateOnly: false, resources: [topic] }));
    const [first, large, last] = [bytes('a'), noise(100_000, 1), bytes('b')].map((value) =>
      log.append(metrics(1), [value]),
    );
    await expect(large).rejects.toMatchObject({ name: 'AppendError', retriable: false });
    expect([await first, await last]).toEqual([0, 1]);
  });

  it('has one order for two who append to one partition, and each sees what the other appends', async () => {
    const prefix = freshPrefix();
    const [one, two] = [await open(prefix), await open(prefix)];
    const append = (log: KafkaLog, name: string) =>
      Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const first = await log.append(metrics(0), [bytes(`${name}${String(i)}/0`), bytes(`${name}${String(i)}/1`)]);
          return [first, `${name}${String(i)}`] as const;
        }),
      );
    const firsts = (await Promise.all([append(one, 'one'), append(two, 'two')])).flat();
    const [byOne, byTwo] = [await readAll(one, metrics(0), 400), await readAll(two, metrics(0), 400)];
    expect(byOne.map(textOf)).toEqual(byTwo.map(textOf));
    for (const [first, name] of firsts) {
      expect(byOne.slice(first, first + 2).map(textOf)).toEqual([`${name}/0`, `${name}/1`]);
    }
    expect(await two.freshHead(metrics(0))).toBe(400);
    // after a silence as well as at once
    for (let offset = 400; offset < 403; offset++) {
      const woken = two.waitPast(metrics(0), offset, never);
      expect(await one.append(metrics(0), [bytes('more')])).toBe(offset);
      await woken;
      expect(two.head(metrics(0))).toBe(offset + 1);
    }
    await one.trim(metrics(0), 100);
    await expect(two.read(metrics(0), 50, 100)).rejects.toThrow(RangeError);
    expect(two.start(metrics(0))).toBe(100);
  });

  it('opens in a thread, too, which sees what is appended here and ends by itself after the close', async () => {
    const prefix = freshPrefix();
    const log = await open(prefix);
    const [logModule, clockModule] = ['events/event-log.kafka', 'runtime/clock'].map(
      (name) => pathToFileURL(entryFile(name)).href,
    );
    const script = `
      const { parentPort } = require('node:worker_threads');
      (async () => {
        const { openKafkaLog } = await import(${JSON.stringify(logModule)});
        const { systemClock: clock } = await import(${JSON.stringify(clockModule)});
        const { value: log } = await openKafkaLog({ brokers: ['${broker.address}'], prefix: '${prefix}', clock });
        parentPort.postMessage(log.epoch);
        const at = { topic: 'metrics', partition: 1 };
        await log.waitPast(at, 0, new AbortController().signal);
        const [record] = await log.read(at, 0, 100);
        await log.commit('thread', at, 1, Buffer.from(record.value).toString());
        await log.close();
      })();`;
    const worker = new Worker(script, { eval: true });
    const exited = once(worker, 'exit');
    expect(await once(worker, 'message')).toEqual([log.epoch]);
    await log.append(metrics(1), [bytes('hello')]);
    expect(await exited).toEqual([0]);
    expect(await log.committed('thread', metrics(1))).toEqual({ offset: 1, metadata: 'hello' });
  });

  it('reads the other partitions while one waits or is not read on', async () => {
    const log = await open(freshPrefix());
    for (let i = 0; i < 5; i++) await log.append(metrics(0), [noise(1_000_000, i)]);
    for (let i = 0; i < 20; i++) await log.append(metrics(1), [noise(1000, i)]);
    const stop = new AbortController();
    const waiting = log.waitPast(metrics(0), 100, stop.signal);
    expect(await log.read(metrics(0), 0, 1)).toHaveLength(1);
    expect(await readAll(log, metrics(1), 20)).toHaveLength(20);
    expect(await log.read(metrics(0), 1, limits.logReadBytesMax)).not.toHaveLength(0);
    stop.abort();
    await waiting;
  });

  it('leaves a committed position alone that the log does not reach back to', async () => {
    const log = await open(freshPrefix());
    for (let i = 0; i < 12; i++) await log.append(metrics(0), [bytes(String(i))]);
    await log.commit('g', metrics(0), 3, 'a slice');
    await log.trim(metrics(0), 10);
    await expect(log.read(metrics(0), 3, 100)).rejects.toThrow('offset 3 is below the start 10');
    expect(await log.committed('g', metrics(0))).toEqual({ offset: 3, metadata: 'a slice' });
    expect(textOf((await log.read(metrics(0), 10, 100))[0] as LogRecord)).toBe('10');
  });

  it('is another log when its topics are made anew', async () => {
    const prefix = freshPrefix();
    const before = await open(prefix);
    await before.close();
    await withAdmin((admin) => admin.deleteTopics({ topics: [`${prefix}.metrics`] }));
    const after = await open(prefix);
    expect(after.epoch).not.toBe(before.epoch);
    expect((await open(prefix)).epoch).toBe(after.epoch);
  });

  it('says in one sentence what does not fit, and what to do', async () => {
    const refused = async (topic: string, numPartitions: number, config: Record<string, string>) => {
      const prefix = freshPrefix();
      const fitting = { 'retention.ms': '-1', 'max.message.bytes': String(limits.kafkaMessageBytesMax) };
      const configEntries = Object.entries({ ...fitting, ...config }).map(([name, value]) => ({ name, value }));
      const made = { topic: `${prefix}.${topic}`, numPartitions, replicationFactor: 1, configEntries };
      await withAdmin((admin) => admin.createTopics({ waitForLeaders: true, topics: [made] }));
      const opened = await openKafkaLog({
        brokers: [broker.address],
        prefix,
        metricsPartitions: 2,
        clock: systemClock,
      });
      if (opened.ok) await opened.value.close();
      return opened.ok ? 'fits' : opened.error.replaceAll(prefix, 'P');
    };
    expect(await refused('control', 2, {})).toContain('P.control has 2 partitions and must have exactly one');
    expect(await refused('metrics', 3, {})).toContain('P.metrics has 3 partitions, the configuration asks for 2');
    expect(await refused('metrics', 2, {})).toBe('fits');
    for (const [key, value, right] of [
      ['retention.ms', '86400000', '-1'],
      ['retention.bytes', '1000000', '-1'],
      ['cleanup.policy', 'compact', 'delete'],
      ['min.insync.replicas', '2', '1'],
      ['max.message.bytes', '1048588', String(limits.kafkaMessageBytesMax)],
      ['compression.type', 'gzip', 'producer'],
    ] as const) {
      const said = await refused('control', 1, { [key]: value });
      expect(said).toContain(`the topic P.control has ${key}=${value}`);
      expect(said).toContain(`--entity-name P.control --add-config ${key}=${right}`);
    }
  });

  it('says that one broker is not power-safe, and that no broker answers', async () => {
    const [warning] = (await open(freshPrefix())).warnings;
    expect(warning).toContain('not power-safe');
    const opened = await openKafkaLog({ brokers: ['127.0.0.1:1'], clock: systemClock });
    expect(opened).toMatchObject({ ok: false });
    expect(opened.ok ? '' : opened.error).toContain('Kafka at 127.0.0.1:1 can not be used');
  });
});
