/** Throttling of live refreshes. */
import { expect, test } from 'vitest';
import { createThrottle } from './throttle.js';

test('a burst of triggers gives one action now and one after the interval that follows it', async () => {
  let now = 0;
  const timers: { at: number; task: () => void }[] = [];
  const done: number[] = [];
  let finish: () => void = () => undefined;
  const clock = {
    now: () => now,
    random: () => 0,
    after: (ms: number, task: () => void) => {
      const timer = { at: now + ms, task };
      timers.push(timer);
      return () => timers.splice(timers.indexOf(timer), 1);
    },
  };
  const fire = (at: number) => {
    now = at;
    timers.splice(0).forEach((timer) => {
      expect(timer.at).toBe(at);
      timer.task();
    });
  };
  const throttle = createThrottle(clock, 1000, () => {
    done.push(now);
    return new Promise<void>((resolve) => {
      finish = resolve;
    });
  });
  throttle.trigger();
  throttle.trigger();
  fire(0);
  throttle.trigger();
  throttle.trigger();
  expect(timers).toHaveLength(0);
  now = 300;
  finish();
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
  fire(1300);
  expect(done).toEqual([0, 1300]);
  throttle.stop();
  throttle.trigger();
  expect(timers).toHaveLength(0);
});
