/** What a stream holds back is bounded, and a listener that is let go knows where to go on. */
import { Writable } from 'node:stream';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../test/manual-clock.js';
import { eventText, openStream } from './event-stream.js';

/** A response whose reader takes nothing until it is told to. */
function slowResponse() {
  let read = '';
  const waiting: (() => void)[] = [];
  const stream = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      waiting.push(() => {
        read += chunk.toString();
        done();
      });
    },
  });
  const res = Object.assign(stream, { writeHead: () => res }) as unknown as ServerResponse;
  const readAll = () => {
    for (let take = waiting.shift(); take !== undefined; take = waiting.shift()) take();
    return read;
  };
  return { res, readAll };
}

const bounds = { liveBufferedBytesMax: 200, liveFarewellMs: 1000 };
const event = (n: number) => eventText('changed', { n, text: 'x'.repeat(60) }, `at.${String(n)}`);

describe('a stream of events', () => {
  it('ends a reader that lets more pile up than it may, with the position of the last event it was sent', async () => {
    const { res, readAll } = slowResponse();
    const stream = openStream(res, createManualClock(), bounds, 'at.0');
    for (let n = 1; n <= 10 && stream.isOpen; n++) stream.send([event(n)], `at.${String(n)}`);
    expect(stream.isOpen).toBe(false);
    expect(res.writableLength).toBeLessThan(600);
    const ended = new Promise((resolve) => res.once('finish', resolve));
    const text = readAll();
    await ended;
    const blocks = text.trimEnd().split('\n\n');
    expect(blocks.at(-1)).toContain('event: bye');
    expect(blocks.at(-1)).toContain('"position":"at.2"');
    expect(blocks.filter((block) => block.includes('event: changed'))).toHaveLength(2);
  });

  it('goes on for ever for a reader that keeps up', () => {
    const { res, readAll } = slowResponse();
    const stream = openStream(res, createManualClock(), bounds, 'at.0');
    for (let n = 1; n <= 100; n++) {
      stream.send([event(n)], `at.${String(n)}`);
      readAll();
    }
    expect(stream.isOpen).toBe(true);
  });

  it('gives up on a reader that does not even read the farewell', async () => {
    const { res } = slowResponse();
    const clock = createManualClock();
    const stream = openStream(res, clock, bounds, 'at.0');
    while (stream.isOpen) stream.comment();
    const closed = new Promise((resolve) => res.once('close', resolve));
    clock.advance(bounds.liveFarewellMs);
    await closed;
    expect(res.destroyed).toBe(true);
  });

  it('writes an id only when it is given one', () => {
    expect(eventText('hello', { position: 'p' })).toBe('event: hello\ndata: {"position":"p"}\n\n');
    expect(eventText('hello', {}, 'p')).toBe('id: p\nevent: hello\ndata: {}\n\n');
  });
});
