/** The checksums of chunks and of the log's segments, computed natively: CRC-32C (Castagnoli), and CRC-32 (IEEE 802.3) for writers that have only zlib's. */
import { crc32 as nativeIeee, crc32c as native } from '@node-rs/crc32';

/** The checksum of `bytes`; `before` carries on from the checksum of the bytes in front of them. Unsigned 32 bits. */
export const crc32c = (bytes: Uint8Array, before = 0): number => native(bytes, before);

/** CRC-32 as zlib, gzip and Ethernet compute it. Unsigned 32 bits. */
export const crc32Ieee = (bytes: Uint8Array): number => nativeIeee(bytes);
