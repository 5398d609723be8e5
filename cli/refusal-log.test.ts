/** A flood of refused requests is one line now and then that says how many there were. */
import { expect, it } from 'vitest';
import { limits } from '../runtime/limits.js';
import { silentLogger, type Logger } from '../runtime/logger.js';
import { Problem } from '../runtime/problem.js';
import { createManualClock } from '../test/manual-clock.js';
import { createRefusalLog } from './refusal-log.js';

it('says the first of a kind at once, and of the following how many there were', () => {
  const clock = createManualClock();
  const lines: object[] = [];
  const note = (level: string) => (fields: object) => void lines.push({ level, ...fields });
  const logger: Logger = { ...silentLogger, info: note('info'), warn: note('warn') };
  const log = createRefusalLog(logger, clock);
  const post = { method: 'POST', url: `/api/v1/runs/r/points?x=${'y'.repeat(500)}` };
  const slower = new Problem('rate_limited', 'slower', { field: 'run' });
  for (let i = 0; i < 1000; i++) log(slower, post, `id-${String(i)}`);
  log(new Problem('not_found', 'no such run'), { method: 'GET', url: '/api/v1/runs/x' });
  expect(lines).toEqual([
    expect.objectContaining({
      level: 'warn',
      code: 'rate_limited',
      requests: 1,
      requestId: 'id-0',
      field: 'run',
      path: '/api/v1/runs/r/points',
    }),
    expect.objectContaining({ level: 'info', code: 'not_found', requests: 1, method: 'GET' }),
  ]);
  clock.advance(limits.refusalLogIntervalMs);
  log(slower, post, 'last');
  expect(lines.at(-1)).toMatchObject({ code: 'rate_limited', requests: 1000, requestId: 'last' });
  expect(lines).toHaveLength(3);
});
