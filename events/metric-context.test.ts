/** The canonical text of a context: one text per context, whatever order it came in. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalContext, contextEntries, formatContext } from './metric-context.js';

it('is empty for no entries', () => {
  expect(canonicalContext({})).toBe('');
  expect(contextEntries('')).toEqual([]);
});

it('has its names in byte order, numbers and __proto__ too', () => {
  const context = JSON.parse('{"b":"1","10":"x","9":"y","__proto__":"p","\u{10000}":"m","\uffee":"w"}') as Record<
    string,
    string
  >;
  expect(canonicalContext(context)).toBe('{"10":"x","9":"y","__proto__":"p","b":"1","\uffee":"w","\u{10000}":"m"}');
});

it('is the same whatever order the entries came in, and gives them back', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), (context) => {
      const canonical = canonicalContext(context);
      const backwards = Object.fromEntries(Object.entries(context).reverse());
      expect(canonicalContext(backwards)).toBe(canonical);
      expect(formatContext(contextEntries(canonical))).toBe(canonical);
    }),
  );
});
