/** ClickHouse's rows of arrays as text: taken apart without reading the numbers, which are passed on as they are. */

/** A row `[line, key, context, [...], [...], …, integer?]` of the format JSONCompactEachRow. */
export interface TextRow {
  readonly run: string;
  readonly key: string;
  readonly context: string;
  /** Each with its brackets; elements are numbers, null, or the words "nan", "inf" and "-inf". */
  readonly arrays: readonly string[];
  /** The number after the arrays, 0 when there is none. */
  readonly number: number;
}

const NAMES = /\[\s*("(?:[^"\\]|\\.)*"),\s*("(?:[^"\\]|\\.)*"),\s*("(?:[^"\\]|\\.)*")/y;

export function parseTextRows(text: string): TextRow[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(parseTextRow);
}

function parseTextRow(row: string): TextRow {
  NAMES.lastIndex = 0;
  const names = NAMES.exec(row);
  if (names === null) throw new Error(`not a row of a chart: ${row.slice(0, 200)}`);
  const [run = '', key = '', context = ''] = names.slice(1).map((name) => JSON.parse(name) as string);
  const { arrays, end } = arraysFrom(row, NAMES.lastIndex);
  const [rest] = /\d+/.exec(row.slice(end)) ?? ['0'];
  return { run, key, context, arrays, number: Number(rest) };
}

function arraysFrom(text: string, start: number): { readonly arrays: string[]; readonly end: number } {
  const arrays: string[] = [];
  let end = start;
  for (;;) {
    const open = text.indexOf('[', end);
    if (open < 0) return { arrays, end };
    const close = text.indexOf(']', open);
    arrays.push(text.slice(open, close + 1));
    end = close + 1;
  }
}

/** An answer in the format JSONCompactColumns, of numbers and the words for them: the elements of each column. */
export const parseTextColumns = (text: string): string[][] =>
  arraysFrom(text, text.indexOf('[') + 1).arrays.map((array) =>
    array === '[]'
      ? []
      : array
          .slice(1, -1)
          .split(',')
          .map((element) => element.trim()),
  );

/**
 * Arrays with an element per cell, from columns with an element per row, the first of which says the cell. `absent` is what the
 * others have where there is no row; a cell outside is left out.
 */
export function placeCells(
  [cell = [], ...columns]: readonly string[][],
  cells: number,
  absent: readonly string[],
): string[] {
  const places = cell.map(Number);
  return columns.map((column, i) => {
    const array = new Array<string>(cells).fill(absent[i] ?? 'null');
    places.forEach((place, row) => {
      if (place >= 0 && place < cells) array[place] = column[row] ?? 'null';
    });
    return `[${array.join(',')}]`;
  });
}

const WORDS: Readonly<Record<string, string>> = { '"nan"': '"NaN"', '"inf"': '"Infinity"', '"-inf"': '"-Infinity"' };

/** Values as the API writes them: NaN and infinities as words. */
export const withWords = (array: string): string =>
  array.includes('"') ? array.replace(/"(?:nan|-?inf)"/g, (word) => WORDS[word] ?? word) : array;

/** Values where only finite ones mean something: a mean that overflows is null. */
export const withoutWords = (array: string): string =>
  array.includes('"') ? array.replace(/"(?:nan|-?inf)"/g, 'null') : array;
