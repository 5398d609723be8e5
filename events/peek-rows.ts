/** How many points a record of the metrics topic says it holds, without checking it: enough to decide how many records go together. */
import { limits } from '../runtime/limits.js';
import { padded } from './chunk-layout.js';

const ENVELOPE_BYTES = 40;
const WORKSPACE_LENGTH_AT = 5;
const CHUNK_ROWS_AT = 12;

/** 0 when the record is too short or names a number that no chunk may have; a chunk that passes its checks has exactly these rows. */
export function peekRows(value: Uint8Array): number {
  const at = ENVELOPE_BYTES + padded(value[WORKSPACE_LENGTH_AT] ?? 0, 8) + CHUNK_ROWS_AT;
  if (value.length < at + 4) return 0;
  const rows = new DataView(value.buffer, value.byteOffset, value.byteLength).getUint32(at, true);
  return rows > limits.chunkRowsMax ? 0 : rows;
}
