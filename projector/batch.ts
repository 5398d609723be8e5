/** A batch: one accepted chunk with what the envelope and the log say about it; what slices of points are made of. */
import type { DecodedChunk } from '../events/chunk.js';

export interface Batch {
  /** Offset of its record in the partition. */
  readonly offset: number;
  readonly workspace: string;
  /** Internal UUID. */
  readonly run: string;
  /** ms. */
  readonly receivedAt: number;
  readonly generation: number;
  readonly chunk: DecodedChunk;
}

/** What a series is, whole: the key of the points' order and of the rows of `series`. */
export interface SeriesId {
  readonly workspace: string;
  readonly run: string;
  readonly generation: number;
  readonly key: string;
  /** '' or canonical JSON. */
  readonly context: string;
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** ClickHouse orders UUIDs by their second half, then by their first. */
const uuidRank = (uuid: string): string => uuid.slice(19) + uuid.slice(0, 18);

/** The order of runs and generations in the table `points`. */
export const byRun = (a: SeriesId, b: SeriesId): number =>
  byText(a.workspace, b.workspace) ||
  (a.run === b.run ? a.generation - b.generation : byText(uuidRank(a.run), uuidRank(b.run)));

/** The order of series within a run and generation. Where strings beyond the BMP differ from byte order, the engine sorts again. */
export const byKey = (a: SeriesId, b: SeriesId): number => byText(a.key, b.key) || byText(a.context, b.context);
