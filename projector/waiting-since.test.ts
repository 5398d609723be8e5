/** What "waiting since" says while records are read, on their way, landed, or not even read. */
import { expect, it } from 'vitest';
import { WaitingSince } from './waiting-since.js';

it('is the first record of the oldest slice on its way, then of what is read, then when something was first missed', () => {
  const waiting = new WaitingSince();
  let read: number | undefined = 300;
  waiting.watch(() => read);
  waiting.took(4, 100);
  waiting.took(9, 200);
  expect(waiting.oldest(10, 1000)).toBe(100);
  waiting.landed(4);
  expect(waiting.oldest(6, 1000)).toBe(200);
  waiting.landed(9);
  expect(waiting.oldest(1, 1000)).toBe(300);
  expect(waiting.oldest(0, 1000)).toBeUndefined();
  read = undefined;
  expect(waiting.oldest(1, 1100)).toBe(1100);
  expect(waiting.oldest(1, 1200)).toBe(1100);
});
