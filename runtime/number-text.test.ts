/** What counts as a number in parameters and filters. */
import { describe, expect, it } from 'vitest';
import { parseNumberText } from './number-text.js';

describe('parseNumberText', () => {
  it.each([
    ['0', 0],
    ['-0', -0],
    ['42', 42],
    ['+42', 42],
    ['007', 7],
    ['0.001', 0.001],
    ['.5', 0.5],
    ['5.', 5],
    ['1e-3', 0.001],
    ['-1.5E+10', -1.5e10],
    ['9007199254740993', 9007199254740992],
    ['1e-400', 0],
    ['179769313486231570000e288', Number.MAX_VALUE],
  ])('reads %s as a number', (text, value) => {
    expect(parseNumberText(text)).toBe(value);
  });

  it.each([
    '',
    ' ',
    ' 1',
    '1 ',
    '1\n',
    '+',
    '.',
    '-.',
    'e5',
    '.e5',
    '1e',
    '1e+',
    '1e1.5',
    '1.2.3',
    '--1',
    '1_000',
    '1,5',
    '0x10',
    '0b1',
    '1n',
    'nan',
    'NaN',
    'inf',
    'Infinity',
    '-Infinity',
    'true',
    'null',
    '1e999',
    '-1e999',
    '１',
    '[1]',
  ])('takes %j as text', (text) => {
    expect(parseNumberText(text)).toBeUndefined();
  });

  it('answers at once on the longest hostile text', () => {
    const started = performance.now();
    expect(parseNumberText('1'.repeat(65_536) + 'x')).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
