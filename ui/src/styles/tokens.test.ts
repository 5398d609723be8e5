/** Colours of text: readable on everything they stand on, in both themes (WCAG AA, 4.5 to 1). */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const css = readFileSync(new URL('tokens.css', import.meta.url), 'utf8');
const block = (selector: string) => css.slice(css.indexOf(selector)).split('}')[0] ?? '';
const tokens = (selector: string) =>
  new Map(
    [...block(selector).matchAll(/--([a-z-]+):\s*(#[0-9a-f]{6})/g)].map(([, name = '', hex = '']) => [name, hex]),
  );

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

const inks = ['ink', 'ink-quiet', 'ink-faint', 'accent', 'bad', 'warn', 'odd'];

describe.each([
  ['light', ':root {'],
  ['dark', ":root[data-theme='dark'] {"],
])('the %s theme', (_name, selector) => {
  const theme = tokens(selector);

  test.each(inks)('has %s readable on the page, panels and raised boxes', (ink) => {
    for (const ground of ['page', 'panel', 'raised']) {
      expect(contrast(theme.get(ink) ?? '', theme.get(ground) ?? '')).toBeGreaterThanOrEqual(4.5);
    }
  });

  test('has text readable on rows that are pointed at or ticked, and on the strong button', () => {
    for (const ground of ['hover', 'picked']) {
      for (const ink of ['ink', 'ink-quiet', 'bad']) {
        expect(contrast(theme.get(ink) ?? '', theme.get(ground) ?? '')).toBeGreaterThanOrEqual(4.5);
      }
    }
    expect(contrast(theme.get('on-accent') ?? '', theme.get('accent') ?? '')).toBeGreaterThanOrEqual(4.5);
  });
});
