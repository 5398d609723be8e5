/** The bound on the memory of requests under way. */
import { describe, expect, it } from 'vitest';
import { createInFlight } from './in-flight.js';

const bounds = { bytesMax: 1600, runShare: 0.25, workspaceShare: 0.5 };
const a = { workspace: 'w', run: 'a' };
const refusedBy = (field: string) =>
  expect.objectContaining({ code: 'backlogged', extras: { field, retryAfterS: 1 } }) as Error;

describe('what is in flight', () => {
  it('is refused to a run that has its share, and not to its neighbour', () => {
    const inFlight = createInFlight(bounds);
    const room = inFlight.enter(a, 400);
    expect(() => inFlight.enter(a, 1)).toThrow(refusedBy('run'));
    inFlight.enter({ workspace: 'w', run: 'b' }, 150);
    room.release();
    expect(inFlight.bytes()).toBe(150);
    inFlight.enter(a, 100);
  });

  it('counts a body as large as it unpacks, and gives all of it back once', () => {
    const inFlight = createInFlight(bounds);
    const room = inFlight.enter(a, 10);
    expect(() => {
      room.resize(401);
    }).toThrow(refusedBy('run'));
    room.resize(400);
    expect(inFlight.bytes()).toBe(400);
    room.resize(30);
    expect(inFlight.bytes()).toBe(30);
    room.release();
    room.release();
    expect(inFlight.bytes()).toBe(0);
  });
});
