/** A dead letter is retried once: the first retry is remembered by the letter's place, whoever asks again. */
import { expect, it } from 'vitest';
import { event } from '../test/control-events.js';
import { createMemoryStore } from './memory-store.js';

it('keeps the first retry of a letter, and takes a second one without a change', async () => {
  const store = createMemoryStore();
  const letter = { topic: 'metrics', partition: 2, offset: 7 } as const;
  const facts = await store.apply(
    [
      { offset: 0, event: event('DeadLetterRetried', { ...letter, retriedAs: 12, at: 5 }) },
      { offset: 1, event: event('DeadLetterRetried', { ...letter, retriedAs: 13, at: 6, workspace: 'other' }) },
      { offset: 2, event: event('DeadLetterRetried', { ...letter, partition: 0, retriedAs: 1, at: 7 }) },
    ],
    false,
  );
  expect(store.retry('metrics/2/7')).toEqual({ ...letter, retriedAs: 12, at: 5, actor: '' });
  expect(store.retries().map(({ retriedAs }) => retriedAs)).toEqual([12, 1]);
  expect(store.retry('control/2/7')).toBeUndefined();
  const verdicts = facts.map(({ facts: of }) =>
    of.flatMap((fact) => (fact.type === 'EventJudged' ? [fact.verdict] : [])),
  );
  expect(verdicts.flat()).toMatchObject([
    { accepted: true, changed: true, subject: 'metrics/2/7' },
    { accepted: true, changed: false, subject: 'metrics/2/7' },
    { accepted: true, changed: true, subject: 'metrics/0/7' },
  ]);
});
