/** The envelope in front of a chunk: what goes in comes out, the chunk stays aligned, and bad bytes are named. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEnvelope, encodeEnvelope, type Envelope } from './envelope.js';

const run = '7f0c2a9e-1d3b-4c5d-8e6f-0a1b2c3d4e5f';
const envelope: Envelope = { workspace: 'vision', run, receivedAt: 1_767_225_600_123, generation: 4 };
const changed = (at: number, byte: number) => {
  const bytes = encodeEnvelope(envelope, Uint8Array.of(1, 2, 3));
  bytes[at] = byte;
  return bytes;
};

describe('an envelope', () => {
  it('gives back what was put in, and the chunk as a view that is aligned', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,60}$/),
        fc.uuid(),
        fc.nat({ max: Number.MAX_SAFE_INTEGER }),
        fc.nat(0xffff_fffe),
        fc.uint8Array({ maxLength: 64 }),
        (workspace, uuid, receivedAt, generation, chunk) => {
          const bytes = encodeEnvelope({ workspace, run: uuid, receivedAt, generation }, chunk);
          expect(bytes.byteOffset).toBe(0);
          const result = decodeEnvelope(bytes);
          if (!result.ok) throw new Error(result.error.field);
          expect(result.value).toMatchObject({ workspace, run: uuid, receivedAt, generation });
          expect([...result.value.chunk]).toEqual([...chunk]);
          expect(result.value.chunk.buffer).toBe(bytes.buffer);
          expect(result.value.chunk.byteOffset % 8).toBe(0);
        },
      ),
    );
  });

  it('is not made for a generation that is not resolved, or a run that is no UUID', () => {
    const none = new Uint8Array();
    expect(() => encodeEnvelope({ ...envelope, generation: 0xffff_ffff }, none)).toThrow(RangeError);
    expect(() => encodeEnvelope({ ...envelope, run: run.toUpperCase() }, none)).toThrow(RangeError);
    expect(() => encodeEnvelope({ ...envelope, receivedAt: -1 }, none)).toThrow(RangeError);
    expect(() => encodeEnvelope({ ...envelope, workspace: '' }, none)).toThrow(RangeError);
  });

  it.each([
    ['cut short', encodeEnvelope(envelope, new Uint8Array()).subarray(0, 39), 'envelope'],
    ['magic', changed(0, 0), 'envelope.magic'],
    ['a later version', changed(4, 2), 'envelope.version'],
    ['a name that runs past the record', changed(5, 200), 'envelope.workspace'],
    ['a name of good length that runs past the record', changed(5, 60), 'envelope.workspace'],
    ['no name', changed(5, 0), 'envelope.workspace'],
    ['reserved bytes', changed(6, 1), 'envelope.reserved'],
    ['more reserved bytes', changed(39, 1), 'envelope.reserved'],
    ['a time past 2^53', changed(31, 1), 'envelope.receivedAt'],
    ['a name that is no UTF-8', changed(40, 0xff), 'envelope.workspace'],
    ['padding', changed(47, 1), 'envelope.padding'],
    ['a generation that is not resolved', encodedWithCurrent(), 'envelope.generation'],
  ])('is refused for %s', (_, bytes, field) => {
    const result = decodeEnvelope(bytes);
    expect(result.ok ? 'nothing' : result.error.field).toBe(field);
  });
});

function encodedWithCurrent(): Uint8Array {
  const bytes = encodeEnvelope(envelope, new Uint8Array());
  bytes.fill(0xff, 32, 36);
  return bytes;
}
