/** Cuts the text of a filter into tokens that know where they stand; says what is wrong, and at which column. */
import { parseNumberText } from '../../runtime/number-text.js';
import { Problem } from '../../runtime/problem.js';

/** The text at hand and how to complain about it. Offsets are in UTF-16 units from 0, columns the same from 1. */
export interface Source {
  readonly text: string;
  fault(offset: number, detail: string): Problem;
}

export const filterSource = (text: string): Source => ({
  text,
  fault: (offset, detail) =>
    new Problem('invalid_filter', `${detail} (column ${String(offset + 1)})`, { field: 'filter', column: offset + 1 }),
});

/** A source that is one short entry of a request, such as `orderBy[1]`. */
export const entrySource = (field: string, text: string): Source => ({
  text,
  fault: (offset, detail) =>
    new Problem('invalid_request', `${field}: ${detail} (column ${String(offset + 1)})`, { field, column: offset + 1 }),
});

/** One part of a name: `metrics.`val loss`.min` has three. */
export interface NamePart {
  readonly text: string;
  readonly quoted: boolean;
}

export type Token = { readonly start: number; readonly end: number } & (
  | { readonly type: 'name'; readonly parts: readonly NamePart[] }
  | { readonly type: 'text'; readonly value: string; readonly quote: "'" | '"' }
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'relative'; readonly ms: number }
  | { readonly type: 'symbol'; readonly symbol: string }
  | { readonly type: 'end' }
);

const SPACE = /\s*/y;
// a bare name may hold what metric keys hold: slashes, dashes and colons too, for the language has no arithmetic
const BARE_START = /[\p{L}_]/uy;
const BARE = /[\p{L}\p{M}\p{N}_/:@%+-]+/uy;
const NUMBER = /[+-]?(?:\d|\.\d)[\p{L}\p{N}_.]*(?:(?<=\d[eE])[+-]\d[\p{L}\p{N}_.]*)?/uy;
const RELATIVE = /^([+-]?\d+(?:\.\d+)?)([smhdw])$/i;
const SYMBOL = /!=|<>|<=|>=|==|!~|[=<>~(),]/y;

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/** The token that starts at or after `at`. */
export function nextToken(source: Source, at: number): Token {
  const { text } = source;
  const start = at + (matchAt(SPACE, text, at) ?? '').length;
  if (start >= text.length) return { type: 'end', start: text.length, end: text.length };
  const char = text.charAt(start);
  if (char === "'") return textToken(source, start, char);
  if (char === '"') {
    // a value in double quotes, or the first part of a name: the parser knows which
    const token = textToken(source, start, char);
    return text.charAt(token.end) === '.' ? nameToken(source, start) : token;
  }
  if (char === '`' || matchAt(BARE_START, text, start) !== undefined) return nameToken(source, start);
  const number = matchAt(NUMBER, text, start);
  if (number !== undefined) return numberToken(source, start, number);
  const symbol = matchAt(SYMBOL, text, start);
  if (symbol !== undefined) return { type: 'symbol', symbol, start, end: start + symbol.length };
  throw source.fault(start, `${JSON.stringify(charAt(text, start))} has no meaning here`);
}

const charAt = (text: string, at: number) => String.fromCodePoint(text.codePointAt(at) ?? 0);

function numberToken(source: Source, start: number, written: string): Token {
  const end = start + written.length;
  const relative = RELATIVE.exec(written);
  if (relative !== null) {
    const ms = Number(relative[1]) * (UNIT_MS[(relative[2] ?? '').toLowerCase()] ?? 0);
    if (!Number.isSafeInteger(Math.round(ms))) throw source.fault(start, `${written} is too far away`);
    return { type: 'relative', ms: Math.round(ms), start, end };
  }
  const value = parseNumberText(written);
  if (value === undefined) {
    throw source.fault(
      start,
      `${shorten(written)} is not a number; texts stand in quotes, times are like -7d, -12h, -30m, -90s`,
    );
  }
  return { type: 'number', value, start, end };
}

/** A quote inside is doubled or follows a backslash, a backslash may be doubled; any other backslash stands for itself. */
function textToken(source: Source, start: number, quote: "'" | '"'): Token & { type: 'text' } {
  const { text } = source;
  let value = '';
  for (let i = start + 1; i < text.length; i++) {
    const char = text.charAt(i);
    const next = text.charAt(i + 1);
    if ((char === '\\' && (next === quote || next === '\\')) || (char === quote && next === quote)) {
      value += next;
      i++;
    } else if (char === quote) return { type: 'text', value, quote, start, end: i + 1 };
    else value += char;
  }
  throw source.fault(start, `the text that starts here has no closing ${quote}`);
}

/** Bare and quoted parts joined by dots, without blanks between. */
function nameToken(source: Source, start: number): Token {
  const { text } = source;
  const parts: NamePart[] = [];
  let at = start;
  for (;;) {
    const char = text.charAt(at);
    if (char === '`') {
      const end = text.indexOf('`', at + 1);
      if (end < 0) throw source.fault(at, 'the name that starts here has no closing `');
      if (end === at + 1) throw source.fault(at, 'a name must not be empty');
      parts.push({ text: text.slice(at + 1, end), quoted: true });
      at = end + 1;
    } else if (char === '"') {
      const token = textToken(source, at, '"');
      if (token.value === '') throw source.fault(at, 'a name must not be empty');
      parts.push({ text: token.value, quoted: true });
      at = token.end;
    } else {
      const bare = matchAt(BARE, text, at);
      if (bare === undefined) throw source.fault(at, 'a name is missing after the dot; odd names stand in back-ticks');
      parts.push({ text: bare, quoted: false });
      at += bare.length;
    }
    if (text.charAt(at) !== '.') return { type: 'name', parts, start, end: at };
    at++;
  }
}

/** As much of a word as an error message should repeat. */
export const shorten = (word: string) => (word.length <= 60 ? word : `${word.slice(0, 57)}…`).toWellFormed();
