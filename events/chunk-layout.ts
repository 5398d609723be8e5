/** Where things are in a chunk of version 1 (docs/EVENTS.md): the numbers that its encoder and decoder share. */
import { endianness } from 'node:os';

if (endianness() !== 'LE') throw new Error('columns are read in place: this needs a little-endian machine');

/** "RLCK" as a little-endian u32. */
export const CHUNK_MAGIC = 0x4b434c52;
export const CHUNK_VERSION = 1;
export const FIXED_BYTES = 24;
export const CRC_BYTES = 4;
export const FLAG_MICRO = 1;
export const FLAG_LZ4 = 2;
/** The checksum is CRC-32 (IEEE 802.3) instead of CRC-32C. */
export const FLAG_CRC32_IEEE = 4;
export const KIND_POINTS = 0;
export const KIND_HEARTBEAT = 3;
/** Stands for "the run's current generation" in a chunk. */
export const CURRENT_GENERATION = 0xffff_ffff;
/** 8.64e15, the last millisecond that a Date can hold, as two 32-bit halves. */
export const TIME_MAX_HIGH = Math.floor(8.64e15 / 2 ** 32);
export const TIME_MAX_LOW = 8.64e15 % 2 ** 32;
export const MICRO_MAX = 999_999;

export const padded = (bytes: number, multiple: 4 | 8): number => Math.ceil(bytes / multiple) * multiple;

export interface ColumnOffsets {
  readonly step: number;
  readonly micro: number;
  readonly time: number;
  readonly value: number;
  /** Size of the whole body. */
  readonly bytes: number;
}

/** Starts of the columns in the body; the series index starts at 0. */
export function columnOffsets(rows: number, hasMicro: boolean): ColumnOffsets {
  const step = padded(rows * 4, 8);
  const micro = step + rows * 8;
  const time = micro + (hasMicro ? padded(rows * 4, 8) : 0);
  const value = time + rows * 8;
  return { step, micro, time, value, bytes: value + rows * 8 };
}

/** What is wrong with a chunk or an envelope, and where: `frame.crc`, `frame.header.series[3].key`, `envelope.run`. */
export interface ChunkFault {
  readonly field: string;
  readonly detail: string;
}
