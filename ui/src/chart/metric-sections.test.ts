/** Sections of metrics. */
import { describe, expect, test } from 'vitest';
import { metricMatcher, metricSections } from './metric-sections.js';

describe('metricSections', () => {
  const keys = ['train/loss', 'loss', 'weights/h10/std', 'weights/h9/std', 'train/acc', '/odd', 'val/acc'];

  test('groups by prefix at every level, results first, numbers as numbers', () => {
    expect(metricSections(keys, '')).toEqual([
      { prefix: 'val', keys: ['val/acc'] },
      { prefix: 'train', keys: ['train/acc', 'train/loss'] },
      { prefix: '', keys: ['/odd', 'loss'] },
      { prefix: 'weights/h9', keys: ['weights/h9/std'] },
      { prefix: 'weights/h10', keys: ['weights/h10/std'] },
    ]);
  });

  test('searches by regular expression, and by plain text when it is none', () => {
    expect(metricSections(keys, '^train/.*LOSS$').flatMap((section) => section.keys)).toEqual(['train/loss']);
    expect(metricMatcher('loss(').literal).toBe(true);
    expect(metricMatcher('loss(').matches('my loss( x')).toBe(true);
    expect(metricMatcher('loss(').matches('train/loss')).toBe(false);
  });
});
