/** The write side behind a real http server on an ephemeral loopback port, over a log and a state in memory. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { EventLog } from '../events/event-log.js';
import { createMemoryLog } from '../events/event-log.memory.js';
import { createPositionBoard, type PositionBoard } from '../events/position-board.js';
import { createAuthenticator } from '../ingest/auth.js';
import { createEdge, type Edge, type IngestDeps } from '../ingest/edge.js';
import { createPointsHandler } from '../ingest/points.js';
import { createIngestRouter } from '../ingest/router.js';
import { silentLogger, type Logger } from '../runtime/logger.js';
import { createMemoryStore } from '../state/memory-store.js';
import { createReplica, type Replica } from '../state/replica.js';
import { createManualClock, type ManualClock } from './manual-clock.js';
import { sendRaw, type RawAnswer, type RawRequest } from './raw-request.js';

export interface IngestServer {
  readonly url: string;
  readonly log: EventLog;
  readonly board: PositionBoard;
  readonly clock: ManualClock;
  readonly edge: Edge;
  readonly replica: Replica;
  send(request: RawRequest): Promise<RawAnswer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<RawAnswer>;
  stop(): Promise<void>;
}

export interface IngestServerOptions extends Pick<IngestDeps, 'bounds' | 'knownKeys' | 'deadLetters'> {
  readonly requireKeys?: boolean;
  readonly metricsPartitions?: number;
  /** Stands between the edge and the log in memory. */
  readonly wrapLog?: (log: EventLog) => EventLog;
  readonly logger?: Logger;
}

export async function startIngestServer(options: IngestServerOptions = {}): Promise<IngestServer> {
  const { requireKeys = false, metricsPartitions = 2, wrapLog = (log) => log, logger = silentLogger } = options;
  const clock = createManualClock();
  const log = wrapLog(createMemoryLog({ epoch: 'test', metricsPartitions }));
  const board = createPositionBoard(log.epoch, clock);
  const replica = createReplica({ log, store: createMemoryStore(), clock, logger });
  await replica.start();
  const authenticate = createAuthenticator({ replica, clock, requireKeys, allowedHosts: [] });
  const { bounds, knownKeys, deadLetters } = options;
  const edge = createEdge({
    replica,
    log,
    board,
    clock,
    logger,
    authenticate,
    ...(bounds === undefined ? {} : { bounds }),
    ...(knownKeys === undefined ? {} : { knownKeys }),
    ...(deadLetters === undefined ? {} : { deadLetters }),
  });
  const server = serve(edge);
  const url = await listening(server);
  const send = (request: RawRequest) => sendRaw(url, request);
  return {
    url,
    log,
    board,
    clock,
    edge,
    replica,
    send,
    post: (path, body, headers = {}) =>
      send({
        method: 'POST',
        path: `/api/v1${path}`,
        headers: { 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      edge.backlog.stop();
      await replica.stop();
      await log.close();
    },
  };
}

function serve(edge: Edge): Server {
  const points = createPointsHandler(edge);
  const app = express();
  app.use(createIngestRouter(edge));
  return createServer((req, res) => {
    if (!points(req, res)) app(req, res);
  });
}

function listening(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
    });
  });
}
