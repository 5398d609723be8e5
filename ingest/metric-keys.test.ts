/** The bound on distinct metric keys of a run: exact while it is remembered, seeded from the tables afterwards. */
import { describe, expect, it } from 'vitest';
import { createMetricKeys } from './metric-keys.js';

const bounds = { metricKeysPerRunMax: 3, metricKeysRememberedMax: 8 };
const a = { workspace: 'w', run: 'a' };
const series = (...keys: string[]) => keys.map((key) => ({ key }));

describe('metric keys', () => {
  it('name the first key over the bound, and remember none of a refused chunk', () => {
    const keys = createMetricKeys(bounds);
    expect(keys.take(a, series('x', 'y'))).toBeUndefined();
    expect(keys.take(a, series('y', 'z', 'one too many'))).toBe('one too many');
    expect(keys.take(a, series('z'))).toBeUndefined();
    expect(keys.take(a, series('x', 'y', 'z'))).toBeUndefined();
    expect(keys.take(a, series('w'))).toBe('w');
  });

  it('count each run by itself, and contexts of a key once', () => {
    const keys = createMetricKeys(bounds);
    keys.take(a, series('x', 'x', 'y', 'z'));
    expect(keys.take({ workspace: 'w', run: 'b' }, series('p', 'q', 'r'))).toBeUndefined();
  });

  it('forget the runs heard from least recently when they remember too many', () => {
    const keys = createMetricKeys(bounds);
    for (const run of ['a', 'b', 'c']) keys.take({ workspace: 'w', run }, series('x', 'y', 'z'));
    expect(keys.take({ workspace: 'w', run: 'c' }, series('new'))).toBe('new');
    expect(keys.take({ workspace: 'w', run: 'b' }, series('new'))).toBe('new');
    expect(keys.take(a, series('new'))).toBeUndefined();
  });

  it('learn after a restart what the tables have, without waiting for them', async () => {
    const keys = createMetricKeys(bounds, () => Promise.resolve(['x', 'y', 'z']));
    expect(keys.take(a, series('x'))).toBeUndefined();
    await Promise.resolve();
    await Promise.resolve();
    expect(keys.take(a, series('new'))).toBe('new');
  });

  it('go on counting when the tables are away', async () => {
    const keys = createMetricKeys(bounds, () => Promise.reject(new Error('away')));
    expect(keys.take(a, series('x', 'y', 'z'))).toBeUndefined();
    await Promise.resolve();
    expect(keys.take(a, series('new'))).toBe('new');
  });

  it('keep keys apart that differ in one character', () => {
    const keys = createMetricKeys({ metricKeysPerRunMax: 20_000, metricKeysRememberedMax: 20_000 });
    const many = Array.from({ length: 20_000 }, (_, i) => `layer.${String(i)}/weight`);
    expect(keys.take(a, series(...many))).toBeUndefined();
    expect(keys.take(a, series('layer.x/weight'))).toBe('layer.x/weight');
  });
});
