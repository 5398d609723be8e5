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
  const arrays: string[] = [];
  let at = NAMES.lastIndex;
  for (;;) {
    const open = row.indexOf('[', at);
    if (open < 0) break;
    const close = row.indexOf(']', open);
    arrays.push(row.slice(open, close + 1));
    at = close + 1;
  }
  const [rest] = /\d+/.exec(row.slice(at)) ?? ['0'];
  return { run, key, context, arrays, number: Number(rest) };
}

const WORDS: Readonly<Record<string, string>> = { '"nan"': '"NaN"', '"inf"': '"Infinity"', '"-inf"': '"-Infinity"' };

/** Values as the API writes them: NaN and infinities as words. */
export const withWords = (array: string): string =>
  array.includes('"') ? array.replace(/"(?:nan|-?inf)"/g, (word) => WORDS[word] ?? word) : array;

/** Values where only finite ones mean something: a mean that overflows is null. */
export const withoutWords = (array: string): string =>
  array.includes('"') ? array.replace(/"(?:nan|-?inf)"/g, 'null') : array;
