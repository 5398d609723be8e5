/** `POST …/runs/{id}/points` on the raw http server: authenticate → limit → parse → decide → append → answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CURRENT_GENERATION, encodeChunk, inspectChunk, type ChunkInfo } from '../events/chunk.js';
import type { RunRecord } from '../state/types.js';
import { Problem } from '../runtime/problem.js';
import { REQUEST_ID_HEADER, sendJson, sendProblem } from './answer.js';
import type { PointsAnswer } from './api.js';
import { appendChunk } from './append-chunk.js';
import { requireScope } from './auth.js';
import { findRun, foldedToHead } from './barrier.js';
import { announcedBytes, decoderOf, mediaType, readBody, requireJson } from './body.js';
import { positionText, type Edge } from './edge.js';
import type { Holder } from './fair-shares.js';
import { parseJson } from './json.js';
import { chunkFromJson } from './points-json.js';
import { decodeRunId, parseTarget } from './target.js';

export const BINARY_POINTS = 'application/vnd.runlog.points';

/** Takes the requests that are its own and says so; false leaves the request to others. */
export type PointsHandler = (req: IncomingMessage, res: ServerResponse) => boolean;

export function createPointsHandler(edge: Edge): PointsHandler {
  return (req, res) => {
    const id = pointsOf(req.url ?? '');
    if (id === undefined) return false;
    const requestId = edge.clock.uuid();
    res.setHeader(REQUEST_ID_HEADER, requestId);
    takePoints(edge, req, res, id).then(
      (answer) => {
        edge.onPoints?.(answer.accepted);
        sendJson(res, 202, answer);
      },
      (error: unknown) => {
        sendProblem({ req, res, error, requestId, logger: edge.logger });
      },
    );
    return true;
  };
}

/** The run's segment, still encoded, when the URL is one of points. */
function pointsOf(url: string): string | undefined {
  if (!/\/points(?:[?#]|$)/.test(url)) return undefined;
  const path = /^(?:\/w\/[^/]*)?\/api\/v1\/runs\/([^/?#]*)\/points(?:[?#]|$)/.exec(url);
  return path?.[1];
}

async function takePoints(edge: Edge, req: IncomingMessage, res: ServerResponse, rawId: string): Promise<PointsAnswer> {
  requirePost(req, res);
  parseTarget(req.url ?? ''); // refuses an overlong URL
  const access = edge.authenticate(req);
  requireScope(access, 'write');
  const run = await findRun(edge, access.workspace, decodeRunId(rawId));
  const holder: Holder = { workspace: run.workspace, run: run.uuid };

  const format = formatOf(edge, req);
  const announced = announcedBytes(req, format.bytesMax);
  edge.backlog.check(holder, announced);
  const room = edge.inFlight.enter(holder, announced);
  try {
    const body = await format.decode(await readBody(req, format.bytesMax), format.bytesMax);
    room.resize(body.length);
    const batch = format.parse(body);
    const generation = await generationOf(edge, run, batch.info);
    await edge.rateLimits.take({ run: run.uuid, workspace: run.workspace, key: access.actor }, batch.info.rows);
    return await decideAndAppend(edge, run, holder, batch, generation);
  } finally {
    room.release();
  }
}

function requirePost(req: IncomingMessage, res: ServerResponse): void {
  if (req.method === 'POST') return;
  res.setHeader('allow', 'POST');
  throw new Problem('method_not_allowed', `${req.method ?? ''} is not possible here, only POST`, { field: 'method' });
}

interface Batch {
  readonly info: ChunkInfo;
  /** The chunk as it goes onto the log. */
  readonly bytes: Uint8Array;
}

interface Format {
  readonly bytesMax: number;
  decode(body: Buffer, bytesMax: number): Promise<Uint8Array>;
  parse(body: Uint8Array): Batch;
}

function formatOf(edge: Edge, req: IncomingMessage): Format {
  const decode = decoderOf(req);
  if (mediaType(req) === BINARY_POINTS) return { bytesMax: edge.bounds.chunkBytesMax, decode, parse: parseBinary };
  requireJson(req);
  return {
    bytesMax: edge.bounds.pointsJsonBodyBytesMax,
    decode,
    parse: (body) => parseColumns(body, edge.clock.now()),
  };
}

function parseBinary(bytes: Uint8Array): Batch {
  const info = inspectChunk(bytes);
  if (info.ok) return { info: info.value, bytes };
  const { field, detail } = info.error;
  throw new Problem('invalid_frame', `${field} ${detail}`, { field });
}

function parseColumns(body: Uint8Array, receivedAt: number): Batch {
  const bytes = encodeChunk(chunkFromJson(parseJson(body), receivedAt));
  const info = inspectChunk(bytes);
  if (info.ok) return { info: info.value, bytes };
  // everything but the size of the whole was checked on the columns
  throw new Problem('too_large', `the batch is too large: ${info.error.field} ${info.error.detail}`, {
    field: 'series',
  });
}

/** The generation that the points go to: the run's current one unless the writer says which. */
async function generationOf(edge: Edge, run: RunRecord, { generation }: ChunkInfo): Promise<number> {
  if (generation === CURRENT_GENERATION) return run.generation;
  if (generation <= run.generation) return generation;
  await foldedToHead(edge);
  const current = edge.replica.state.runByUuid(run.uuid)?.generation ?? run.generation;
  if (generation <= current) return generation;
  const detail = `generation ${String(generation)} is not there yet: the run is at ${String(current)}`;
  throw new Problem('invalid_request', detail, { field: 'generation' });
}

async function decideAndAppend(
  edge: Edge,
  run: RunRecord,
  holder: Holder,
  { info, bytes }: Batch,
  generation: number,
): Promise<PointsAnswer> {
  const stop = run.status === 'killed' ? { stop: true as const } : {};
  if (info.kind === 'heartbeat' && !heartbeatNeeded(edge, run)) {
    return { accepted: 0, duplicate: false, position: positionText(edge), ...stop };
  }
  const surplus = edge.metricKeys.take(holder, info.series);
  if (surplus !== undefined) {
    const at = info.series.findIndex(({ key }) => key === surplus);
    const bound = `a run has at most ${String(edge.bounds.metricKeysPerRunMax)} metric keys`;
    throw new Problem('limit_exceeded', `${bound}; ${JSON.stringify(surplus)} would be one more`, {
      field: `series[${String(at)}].key`,
    });
  }
  const duplicate = edge.recentBatches.seen(run.uuid, info.writer, info.seq);
  const position = await appendChunk(edge, run, generation, bytes);
  edge.recentBatches.add(run.uuid, info.writer, info.seq);
  return { accepted: info.rows, duplicate, position, ...stop };
}

/** A run that has ended needs no sign of life, and one that was heard from lately needs no other. */
export const heartbeatNeeded = (edge: Edge, run: RunRecord): boolean =>
  (run.status === 'running' || run.status === 'crashed') && edge.heartbeats.due(run.uuid);
