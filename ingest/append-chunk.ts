/** Puts a checked chunk onto the run's partition of the log behind its envelope, and waits until it is durable. */
import { encodeChunk } from '../events/chunk.js';
import { encodeEnvelope } from '../events/envelope.js';
import { partitionOf } from '../events/event-log.js';
import type { RunRecord } from '../state/types.js';
import { positionText, type Edge } from './edge.js';

/** Resolves with the position of the write. Throws `backlogged` before, or the log's AppendError. */
export async function appendChunk(edge: Edge, run: RunRecord, generation: number, chunk: Uint8Array): Promise<string> {
  const envelope = { workspace: run.workspace, run: run.uuid, receivedAt: edge.clock.now(), generation };
  const value = encodeEnvelope(envelope, chunk);
  const partition = partitionOf(run.uuid, edge.log.partitions('metrics'));
  const stay = edge.backlog.enter({ workspace: run.workspace, run: run.uuid }, value.length);
  let offset: number;
  try {
    offset = await edge.log.append({ topic: 'metrics', partition }, [value]);
  } catch (error) {
    stay.cancel();
    throw error;
  }
  stay.appended(partition, offset);
  edge.heartbeats.heard(run.uuid);
  return positionText(edge, { partition, offset });
}

/** A sign of life that the edge writes itself, for `POST …/heartbeat`. One per run and interval, so the time numbers them. */
export const heartbeatChunk = (edge: Edge, run: RunRecord): Uint8Array =>
  encodeChunk({
    kind: 'heartbeat',
    writer: 'runlog.heartbeat',
    seq: edge.clock.now(),
    generation: run.generation,
    series: [],
    seriesIndex: [],
    step: [],
    time: [],
    value: [],
  });
