/** The two topologies as chaos sees them: an address, victims, a way to the tables. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { startServerProcess } from '../../bench/server-process.js';
import { connect } from '../../clickhouse/client.js';
import type { Tables } from '../../clickhouse/tables.js';
import type { Clock } from '../../runtime/clock.js';
import { startRoundRobin } from '../services/round-robin.js';
import { ScaledStack, type Instance } from '../services/scaled-stack.js';
import { engineOf } from '../stack.js';
import { connectAsWriter } from '../stored-rows.js';
import { killing, pausing, signalled, untilStarted, type Victim } from './victims.js';

export type StackName = 'embedded' | 'scaled';

export interface ChaosStack {
  /** Stays the same. */
  readonly url: string;
  readonly victims: readonly Victim[];
  /** Of each server that answers clients. */
  apis(): readonly string[];
  /** With the rights of the writer, on the ClickHouse as it is now. */
  tables(): Tables;
  /** What is done once at the end, when all is level, and must change nothing. */
  readonly finale?: { readonly name: string; run(): Promise<void> };
  stop(): Promise<void>;
}

export const startChaosStack = (name: StackName, clock: Clock): Promise<ChaosStack> =>
  name === 'embedded' ? startEmbedded(clock) : startScaled(clock);

async function startEmbedded(clock: Clock): Promise<ChaosStack> {
  const data = mkdtempSync(path.join(os.tmpdir(), 'runlog-chaos-'));
  let server = await startServerProcess(data);
  const proxy = await startRoundRobin(() => [server.url]);
  const engine = () => engineOf(server.pid);
  const startable = {
    kill: () => server.kill(),
    async start(onSpawn: Parameters<typeof startServerProcess>[3]) {
      server = await startServerProcess(data, [], 'serve', onSpawn);
    },
  };
  const engineDies = {
    ...{ name: 'kill -9', msMin: 0, msMax: 0 },
    strike() {
      const pid = engine();
      return Promise.resolve(pid !== undefined && signalled(pid, 'SIGKILL') ? undefined : 'it was not there');
    },
  };
  return {
    url: proxy.url,
    apis: () => [server.url],
    tables: () => connectAsWriter(data),
    victims: [
      { name: 'server', blows: [...killing(startable, clock), pausing(() => server.pid, clock)] },
      { name: 'clickhouse', blows: [engineDies, pausing(engine, clock)] },
      cutting(() => proxy.cut()),
    ],
    async stop() {
      await proxy.stop();
      await server.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

const SESSION_MS = 10_000;

async function startScaled(clock: Clock): Promise<ChaosStack> {
  const stack = await ScaledStack.start();
  const { broker, clickhouse } = stack;
  const victim = (instance: Instance, name: string, pauseMsMax: number): Victim => {
    const kill = () => instance.process.kill();
    const startable = { kill, start: (onSpawn: Parameters<Instance['restart']>[0]) => instance.restart(onSpawn) };
    return {
      name,
      blows: [...killing(startable, clock), pausing(() => instance.process.pid, clock, 1_000, pauseMsMax)],
    };
  };
  const engine = () => engineOf(clickhouse.pid);
  const address = new URL(clickhouse.address);
  return {
    url: stack.url,
    apis: () => stack.apis.map((instance) => instance.process.url),
    tables: () =>
      connect({
        url: address.origin,
        credentials: { user: address.username, password: decodeURIComponent(address.password) },
        clock,
      }),
    victims: [
      ...stack.apis.map((api, i) => victim(api, `api-${String(i)}`, 6_000)),
      // longer than a session: their partitions go to the other, and they wake up as zombies
      ...stack.projectors.map((one, i) => victim(one, `projector-${String(i)}`, SESSION_MS + 4_000)),
      {
        name: 'broker',
        blows: [
          {
            ...{ name: 'kill -9', msMin: 0, msMax: 4_000 },
            async strike(ms) {
              await broker.kill();
              await clock.sleep(ms);
              return untilStarted(() => broker.start(), clock);
            },
          },
          {
            ...{ name: 'SIGSTOP', msMin: 1_000, msMax: SESSION_MS + 4_000 },
            async strike(ms) {
              broker.pause();
              await clock.sleep(ms);
              broker.resume();
              return undefined;
            },
          },
        ],
      },
      {
        name: 'clickhouse',
        blows: [
          {
            ...{ name: 'kill -9', msMin: 0, msMax: 4_000 },
            async strike(ms) {
              await clickhouse.end('SIGKILL');
              await clock.sleep(ms);
              return untilStarted(() => clickhouse.start(), clock);
            },
          },
          pausing(engine, clock),
        ],
      },
      cutting(() => stack.cut()),
    ],
    finale: {
      name: 'the group is deleted while no projector runs, and one of them loses its folder',
      async run() {
        await Promise.all(stack.projectors.map((instance) => instance.process.stop()));
        await deleteGroup(broker.address, clock);
        stack.projectors[1]?.forget();
        await Promise.all(stack.projectors.map((instance) => instance.restart()));
      },
    },
    stop: () => stack.stop(),
  };
}

const cutting = (cut: () => void): Victim => ({
  name: 'connections',
  blows: [
    {
      ...{ name: 'cut', msMin: 0, msMax: 0 },
      strike() {
        cut();
        return Promise.resolve(undefined);
      },
    },
  ],
});

async function deleteGroup(address: string, clock: Clock): Promise<void> {
  const admin = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    // a group whose members have just left may still count them
    await untilStarted(async () => void (await admin.deleteGroups(['runlog.projector'])), clock);
  } finally {
    await admin.disconnect();
  }
}
