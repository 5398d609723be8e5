/** `/readyz` tells the truth: each part that cannot do its work says so in a sentence, and one is enough. */
import { expect, it } from 'vitest';
import type { AppendSeen } from '../events/measured-log.js';
import { limits } from '../runtime/limits.js';
import { err, ok } from '../runtime/result.js';
import { createManualClock } from '../test/manual-clock.js';
import { emptyTally } from '../projector/tally.js';
import { createReadiness, type ReadinessParts } from './readiness.js';

const clock = createManualClock();
const health = {
  lag: { control: 0, metrics: [0] },
  oldestWaiting: { control: null, metrics: [null] },
  deadLetters: 0,
  tally: emptyTally,
};
const well: ReadinessParts = {
  log: () => undefined,
  folding: () => ok(undefined),
  tables: () => Promise.resolve(true),
  projector: () => health,
  freeBytes: () => Promise.resolve(limits.diskFreeBytesMin),
  data: '/data',
  clock,
};

it('is ready when all is well', async () => {
  const { ready, parts } = await createReadiness(clock).ask(well);
  expect(ready).toBe(true);
  expect(new Set(Object.values(parts))).toEqual(new Set(['ok']));
});

const version = 'The event at control offset 4 is of a type or version that this build does not know';

it.each<[string, Partial<ReadinessParts>, string, RegExp]>([
  ['the brokers are away', { log: () => 'Kafka at b:9092 is away' }, 'log', /b:9092/],
  ['ClickHouse is away', { tables: () => Promise.resolve(false) }, 'tables', /ClickHouse does not answer/],
  ['the fold has stopped', { folding: () => err(version) }, 'state', /offset 4 .*version/],
  [
    'the projector has stopped',
    { projector: () => ({ ...health, stoppedBecause: 'too many letters' }) },
    'projector',
    /too many letters/,
  ],
  ['the projector waits for the tables', { projector: () => ({ ...health, away: 'refused' }) }, 'projector', /refused/],
  [
    'the disk is full',
    { freeBytes: () => Promise.resolve(limits.diskFreeBytesMin - 1) },
    'log',
    /disk is full.*\/data.*free some/,
  ],
])('is not ready while %s, and says so', async (_, broken, part, sentence) => {
  const { ready, parts } = await createReadiness(clock).ask({ ...well, ...broken });
  expect(ready).toBe(false);
  expect(parts[part]).toMatch(sentence);
  expect(Object.values(parts).filter((said) => said !== 'ok')).toHaveLength(1);
});

it('tells of a failed append until one succeeds, or for a while', async () => {
  const watch = createReadiness(clock);
  const seen = { topic: 'metrics', records: 1, bytes: 1, seconds: 0 } as const;
  const failed: AppendSeen = { ...seen, durable: false, error: 'ENOSPC: no space left on device' };
  watch.appended(failed);
  expect((await watch.ask(well)).parts['log']).toContain('no space left');
  watch.appended({ ...seen, durable: true });
  expect((await watch.ask(well)).ready).toBe(true);
  watch.appended(failed);
  clock.advance(limits.appendFailureToldMs + 1);
  expect((await watch.ask(well)).ready).toBe(true);
});

it('is not ready from the moment it is told to stop', async () => {
  const watch = createReadiness(clock);
  watch.stopping();
  expect(await watch.ask(well)).toMatchObject({
    ready: false,
    parts: { server: expect.stringContaining('stopping') as string },
  });
});
