/** Happenings through the real projector into real tables, and questions about them through the real router over HTTP. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { encodeChunk } from '../events/chunk.js';
import { encodeControlEvent, type ControlEvent } from '../events/control-event.js';
import { encodeEnvelope } from '../events/envelope.js';
import { partitionOf, type EventLog, type PartitionRef } from '../events/event-log.js';
import { createMemoryLog } from '../events/event-log.memory.js';
import { createPositionBoard, type PositionBoard } from '../events/position-board.js';
import { createProjectionTables } from '../projector/projection-tables.js';
import { createProjector } from '../projector/projector.js';
import type { QueryDeps } from '../query/deps.js';
import { createQueryRouter } from '../query/router.js';
import { systemClock } from '../runtime/clock.js';
import { silentLogger, type Logger } from '../runtime/logger.js';
import { createMemoryStore } from '../state/memory-store.js';
import { sharedClickHouse, type TestClickHouse } from './clickhouse.js';
import type { Happening, HappeningOf } from './happenings.js';
import { createManualClock, type ManualClock } from './manual-clock.js';

export const WORKSPACE = 'default';
const PARTITIONS = 2;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // questions of tests know what they asked for
  readonly body: unknown;
}

export interface QueryWorld {
  /** Resolves when the tables have it all. */
  happen(happenings: readonly Happening[], workspace?: string): Promise<void>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** The clock of the query service: it stands still at `now`. */
  readonly clock: ManualClock;
  readonly board: PositionBoard;
  readonly log: EventLog;
  readonly clickhouse: TestClickHouse;
  readonly url: string;
  stop(): Promise<void>;
}

export interface QueryWorldOptions {
  readonly nowMs: number;
  /** Parts stay as they were inserted: reads have to merge. */
  readonly merges?: boolean;
  readonly barrier?: (workspace: string) => Promise<void>;
  readonly bounds?: NonNullable<QueryDeps['bounds']>;
}

export async function startQueryWorld({ nowMs, merges = false, ...given }: QueryWorldOptions): Promise<QueryWorld> {
  const clickhouse = await sharedClickHouse();
  const { database, writer, querier } = clickhouse;
  if (!merges) {
    const tables = await writer.query(
      'SELECT name FROM system.tables WHERE database = {db:String} AND engine LIKE {like:String}',
      {
        params: { db: database, like: '%MergeTree' },
      },
    );
    for (const { name } of tables) await writer.command(`SYSTEM STOP MERGES ${database}.${String(name)}`);
  }
  const clock = createManualClock(nowMs);
  const log = createMemoryLog({ epoch: 'test', metricsPartitions: PARTITIONS });
  const board = createPositionBoard(log.epoch, systemClock);
  const projector = createProjector({
    log,
    store: createMemoryStore(),
    tables: createProjectionTables(writer, database),
    clock: systemClock,
    logger: silentLogger,
    publish: (position) => {
      board.publish(position);
    },
  });
  await projector.start();

  const app = express();
  const authenticate = (req: { headers: Record<string, string | string[] | undefined> }) => ({
    workspace: String(req.headers['x-test-workspace'] ?? WORKSPACE),
  });
  const deps = { tables: querier, database, board, clock, logger: loud, authenticate, ...given };
  app.use('/api/v1', createQueryRouter(deps));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/api/v1`;

  const writers = new Map<string, HappeningWriter>();
  const settle = async () => {
    const head = (at: PartitionRef) => log.head(at) - 1;
    const metrics = Array.from({ length: PARTITIONS }, (_, partition) => head({ topic: 'metrics', partition }));
    const position = { epoch: log.epoch, control: head({ topic: 'control', partition: 0 }), metrics };
    if (!(await board.waitFor(position, 60_000))) throw new Error(JSON.stringify(projector.health()));
  };
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(url + path, init);
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  return {
    async happen(happenings, workspace = WORKSPACE) {
      const scribe = writers.get(workspace) ?? new HappeningWriter(log, workspace);
      writers.set(workspace, scribe);
      for (const happening of happenings) await scribe.write(happening);
      await settle();
    },
    get: (path, headers = {}) => ask(path, { headers }),
    post: (path, body, headers = {}) =>
      ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    clock,
    board,
    log,
    clickhouse,
    url,
    async stop() {
      server.close();
      server.closeAllConnections();
      await projector.stop();
      await clickhouse.drop();
    },
  };
}

/** Puts happenings onto the log as the edge would. */
class HappeningWriter {
  private readonly uuids = new Map<string, string>();
  private readonly experiments = new Map<string, string>();
  private readonly generations = new Map<string, number>();
  private commands = 0;
  private batches = 0;

  constructor(
    private readonly log: EventLog,
    private readonly workspace: string,
  ) {}

  async write(happening: Happening): Promise<void> {
    if (happening.type === 'log' || happening.type === 'heartbeat') await this.writeChunk(happening);
    else await this.writeControl(happening);
  }

  private async writeControl(
    happening: Exclude<Happening, HappeningOf<'log'> | HappeningOf<'heartbeat'>>,
  ): Promise<void> {
    const at = 'at' in happening ? happening.at : 0;
    const commandId = `${this.workspace}/${String(this.commands++)}`;
    const envelope = { v: 1 as const, commandId, workspace: this.workspace, at };
    await this.log.append({ topic: 'control', partition: 0 }, [
      encodeControlEvent({ ...envelope, ...this.eventOf(happening) } as ControlEvent),
    ]);
  }

  private eventOf(happening: Exclude<Happening, HappeningOf<'log'> | HappeningOf<'heartbeat'>>): object {
    switch (happening.type) {
      case 'start': {
        const { type: _, at: __, ...facts } = happening;
        const uuid = systemClock.uuid();
        this.uuids.set(happening.run, uuid);
        this.generations.set(happening.run, 0);
        return { ...facts, type: 'RunStarted', uuid, experimentId: this.experimentId(happening.experiment) };
      }
      case 'update':
        return { ...happening, type: 'RunUpdated' };
      case 'params':
        return { ...happening, type: 'ParamsSet', overwrite: true };
      case 'finish': {
        const { at, ...facts } = happening;
        return { ...facts, type: 'RunFinished', endedAt: at };
      }
      case 'crash':
        return { type: 'RunCrashed', run: happening.run, lastSeenAt: happening.at };
      case 'rewind':
        this.generations.set(happening.run, this.generationOf(happening.run) + 1);
        return { ...happening, type: 'RunRewound' };
      case 'delete':
        return { type: 'RunDeleted', run: happening.run };
      case 'delete experiment':
        return { type: 'ExperimentDeleted', experiment: this.experimentId(happening.experiment) };
      case 'rename experiment':
        return { type: 'ExperimentRenamed', experiment: this.experimentId(happening.experiment), name: happening.name };
    }
  }

  private async writeChunk(happening: HappeningOf<'log'> | HappeningOf<'heartbeat'>): Promise<void> {
    const run = this.uuids.get(happening.run) ?? '';
    const points = happening.type === 'log' ? happening.points.map(fullPoint(happening.at)) : [];
    const generation = happening.type === 'log' ? happening.generation : undefined;
    const chunk = encodeChunk({
      kind: happening.type === 'log' ? 'points' : 'heartbeat',
      writer: 'test',
      seq: this.batches++,
      generation: generation ?? this.generationOf(happening.run),
      series: happening.type === 'log' ? [{ key: happening.key, context: contextText(happening.context) }] : [],
      seriesIndex: points.map(() => 0),
      step: points.map(([step]) => step),
      ...(points.some(([, micro]) => micro !== 0) ? { micro: points.map(([, micro]) => micro) } : {}),
      time: points.map(([, , time]) => time),
      value: points.map(([, , , value]) => value),
    });
    const envelope = {
      workspace: this.workspace,
      run,
      receivedAt: happening.at,
      generation: generation ?? this.generationOf(happening.run),
    };
    const value = encodeEnvelope(envelope, chunk);
    const at: PartitionRef = { topic: 'metrics', partition: partitionOf(run, PARTITIONS) };
    const isRepeated = happening.type === 'log' && happening.twice === true;
    await this.log.append(at, isRepeated ? [value, value] : [value]);
  }

  private generationOf(run: string): number {
    return this.generations.get(run) ?? 0;
  }

  private experimentId(name: string): string {
    const id = this.experiments.get(name) ?? systemClock.uuid();
    this.experiments.set(name, id);
    return id;
  }
}

const fullPoint =
  (at: number) =>
  (point: HappeningOf<'log'>['points'][number]): readonly [number, number, number, number] =>
    point.length === 2 ? [point[0], 0, at, point[1]] : point;

/** '' or canonical JSON. */
const contextText = (context: Readonly<Record<string, string>> | undefined): string =>
  context === undefined || Object.keys(context).length === 0
    ? ''
    : JSON.stringify(Object.fromEntries(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));

/** A question that fails is a defect: what the server would log belongs into the output of the test. */
const loud: Logger = {
  ...silentLogger,
  error: (fields, message) => {
    console.error(message, fields);
  },
};
