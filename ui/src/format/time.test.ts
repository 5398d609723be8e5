/** How times are shown. */
import { describe, expect, test } from 'vitest';
import { formatAgo, formatDuration, formatMoment } from './time.js';

describe('times', () => {
  test.each([
    [640, '640 ms'],
    [12_399, '12.3 s'],
    [59_999, '59.9 s'],
    [192_000, '3 m 12 s'],
    [7_500_000, '2 h 05 m'],
    [356_400_000, '4 d 3 h'],
    [-5, '0 ms'],
  ])('a duration of %i ms is %s', (ms, shown) => {
    expect(formatDuration(ms)).toBe(shown);
  });

  test.each([
    [0, 'just now'],
    [-3000, 'just now'],
    [59_000, '59 s ago'],
    [61_000, '1 min ago'],
    [7_200_000, '2 h ago'],
    [200_000_000, '2 d ago'],
  ])('%i ms back is %s', (age, shown) => {
    expect(formatAgo(1e12 - age, 1e12)).toBe(shown);
  });

  test('what is long ago is a date, and a moment has its seconds', () => {
    expect(formatAgo(new Date(2020, 1, 3, 4, 5, 6).getTime(), 1.7e12)).toBe('2020-02-03');
    expect(formatMoment(new Date(2020, 1, 3, 4, 5, 6).getTime())).toBe('2020-02-03 04:05:06');
  });
});
