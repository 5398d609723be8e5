/** Rows of arrays are taken apart as they stand, and words become those of the API. */
import { describe, expect, it } from 'vitest';
import { parseTextColumns, parseTextRows, placeCells, withoutWords, withWords } from './text-rows.js';

describe('rows of arrays', () => {
  it('keep names with anything in them, and arrays as text', () => {
    const names = ['00000000-0000-4000-8000-000000000001', 'a "quoted" [key], \\ é', '{"rank":"]"}'];
    const text = `[${names.map((name) => JSON.stringify(name)).join(', ')}, [1,2.5,null], ["nan"], [], 12]\n`;
    const [row] = parseTextRows(text + text);
    expect(row).toEqual({
      run: names[0],
      key: names[1],
      context: names[2],
      arrays: ['[1,2.5,null]', '["nan"]', '[]'],
      number: 12,
    });
  });

  it('of no line are none', () => {
    expect(parseTextRows('')).toEqual([]);
    expect(() => parseTextRows('Code: 159. DB::Exception: too long')).toThrow('not a row of a chart');
  });

  it('have the words of the API for values, and none where only finite values mean something', () => {
    expect(withWords('[1,"nan","inf","-inf",null]')).toBe('[1,"NaN","Infinity","-Infinity",null]');
    expect(withoutWords('[1,"nan","inf","-inf"]')).toBe('[1,null,null,null]');
    expect(withWords('[1,2]')).toBe('[1,2]');
  });
});

describe('columns', () => {
  it('are taken apart element by element', () => {
    expect(parseTextColumns('[\n\t[0, 2],\n\t["nan", null],\n\t[1.5, -2e-7]\n]\n')).toEqual([
      ['0', '2'],
      ['"nan"', 'null'],
      ['1.5', '-2e-7'],
    ]);
  });

  it('of no row are empty', () => {
    expect(parseTextColumns('[\n\t[],\n\t[]\n]\n')).toEqual([[], []]);
  });

  it('go to their cells in any order, and cells without a row have what is said', () => {
    const columns = [['3', '0', '9', '-1'], ['30', '1', '90', '10'], ['"inf"', 'null', '9', '1']]; // prettier-ignore
    expect(placeCells(columns, 4, ['0'])).toEqual(['[1,0,0,30]', '[null,null,null,"inf"]']);
  });
});
