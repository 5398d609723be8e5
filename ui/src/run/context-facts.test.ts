/** A run's context as something to read. */
import { expect, test } from 'vitest';
import { contextFacts } from './context-facts.js';

test('facts of one level are lines, packages a sorted list, deeper things stay JSON', () => {
  expect(
    contextFacts({
      git: { commit: 'abc123', dirty: true },
      seed: 7,
      packages: { torch: '2.9', numpy: '2.1' },
      host: { gpus: [{ name: 'A100' }] },
    }),
  ).toEqual({
    facts: [
      ['git.commit', 'abc123'],
      ['git.dirty', 'true'],
      ['seed', '7'],
    ],
    packages: [
      ['numpy', '2.1'],
      ['torch', '2.9'],
    ],
    rest: JSON.stringify({ host: { gpus: [{ name: 'A100' }] } }, null, 2),
  });
  expect(contextFacts({ packages: ['numpy==2.1', 'odd'] }).packages).toEqual([
    ['numpy', '2.1'],
    ['odd', ''],
  ]);
  expect(contextFacts({})).toEqual({ facts: [], packages: [], rest: undefined });
});
