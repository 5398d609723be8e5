/** CRC-32C (Castagnoli), the checksum of chunks and of the log's segments, computed natively. */
import { crc32c as native } from '@node-rs/crc32';

/** The checksum of `bytes`; `before` carries on from the checksum of the bytes in front of them. Unsigned 32 bits. */
export const crc32c = (bytes: Uint8Array, before = 0): number => native(bytes, before);
