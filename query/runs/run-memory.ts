/** What is remembered of single runs, by internal id: their rows and entries change with control facts, their metrics with points. */
import type { PositionBoard } from '../../events/position-board.js';
import { limits } from '../../runtime/limits.js';
import type { MetricSummary } from '../api.js';
import { controlMark, createMemory, positionMark, type Memory } from '../memory.js';
import type { RecordedRun } from './run-rows.js';

export type Entries<T> = Readonly<Record<string, T>>;

export interface RunMemory {
  /** Without their contexts. */
  readonly records: Memory<RecordedRun>;
  readonly params: Memory<Entries<string>>;
  readonly tags: Memory<Entries<string>>;
  readonly metrics: Memory<Entries<MetricSummary>>;
  /** When it was last heard from, ms; null for never. */
  readonly seen: Memory<number | null>;
}

export type RunMemoryBounds = Readonly<Record<'runPartsRememberedMax' | 'runPartsRememberedBytesMax', number>>;

export function createRunMemory(board: PositionBoard, bounds: RunMemoryBounds = limits): RunMemory {
  const bounded = { entriesMax: bounds.runPartsRememberedMax, bytesMax: bounds.runPartsRememberedBytesMax };
  const ofControl = { ...bounded, mark: controlMark(board) };
  const ofPoints = { ...bounded, mark: positionMark(board) };
  return {
    records: createMemory({ ...ofControl, bytesOf: bytesOfRecord }),
    params: createMemory({ ...ofControl, bytesOf: bytesOfTexts }),
    tags: createMemory({ ...ofControl, bytesOf: bytesOfTexts }),
    metrics: createMemory({ ...ofPoints, bytesOf: bytesOfSummaries }),
    seen: createMemory({ ...ofPoints, bytesOf: () => ENTRY_BYTES }),
  };
}

// an object or an entry of one, and what it refers to beside texts
const ENTRY_BYTES = 100;
const SUMMARY_BYTES = 200;
const RECORD_BYTES = 600;

function bytesOfRecord(run: RecordedRun): number {
  let bytes = RECORD_BYTES;
  for (const value of Object.values(run)) if (typeof value === 'string') bytes += 2 * value.length;
  return bytes;
}

function bytesOfTexts(entries: Entries<string>): number {
  let bytes = ENTRY_BYTES;
  for (const [key, value] of Object.entries(entries)) bytes += ENTRY_BYTES + 2 * (key.length + value.length);
  return bytes;
}

function bytesOfSummaries(entries: Entries<MetricSummary>): number {
  let bytes = ENTRY_BYTES;
  for (const key of Object.keys(entries)) bytes += SUMMARY_BYTES + 2 * key.length;
  return bytes;
}
