/** A small valid chunk and ways to break one thing in it, with the checksum put right again so that only that thing is wrong. */
import { encodeChunk } from '../events/chunk.js';
import { crc32c } from '../events/crc32c.js';

/** Where things are in `validFrame()`: writer `hostile`, one series `loss` with context {"rank":"0"}, two points, micro-steps. */
export const at = {
  magic: 0,
  version: 4,
  kind: 5,
  flags: 6,
  headerBytes: 8,
  rows: 12,
  bodyBytes: 16,
  storedBytes: 20,
  writerLength: 24,
  writer: 26,
  seq: 33,
  generation: 41,
  seriesCount: 45,
  keyLength: 49,
  key: 51,
  contextCount: 55,
  contextName: 58,
  contextValueLength: 62,
  headerPadding: 65,
  seriesColumn: 72,
  microColumn: 96,
  timeColumn: 104,
  valueColumn: 120,
} as const;

export const validFrame = (seq = 0): Buffer =>
  Buffer.from(
    encodeChunk({
      kind: 'points',
      writer: 'hostile',
      seq,
      generation: 0xffff_ffff,
      series: [{ key: 'loss', context: '{"rank":"0"}' }],
      seriesIndex: [0, 0],
      step: [1, 2],
      micro: [0, 500_000],
      time: [1_700_000_000_000, 1_700_000_000_001],
      value: [0.5, 0.25],
    }),
  );

/** A valid frame after `change`, with its checksum made anew. */
export function brokenFrame(change: (frame: Buffer) => void): Buffer {
  const frame = validFrame();
  change(frame);
  return sealed(frame);
}

export function sealed(frame: Buffer): Buffer {
  frame.writeUInt32LE(crc32c(frame.subarray(0, -4)), frame.length - 4);
  return frame;
}
