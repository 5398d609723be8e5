/** Fits what is written after an operator to the field before it: numbers, texts, statuses, moments, spans; or says what would fit. */
import { parseNumberText } from '../../runtime/number-text.js';
import type { AttributeName, Field, Operand } from './ast.js';
import { shorten, type Source, type Token } from './lexer.js';
import { nearest } from './suggest.js';

export type FieldType = 'metric' | 'param' | 'text' | 'status' | 'time' | 'span' | 'flag';

const ATTRIBUTE_TYPES: Readonly<Record<AttributeName, FieldType>> = {
  id: 'text',
  name: 'text',
  status: 'status',
  group: 'text',
  job_type: 'text',
  parent: 'text',
  experiment: 'text',
  notes: 'text',
  reason: 'text',
  started: 'time',
  ended: 'time',
  created: 'time',
  duration: 'span',
  archived: 'flag',
};

export function typeOf(field: Field): FieldType {
  if (field.space === 'attribute') return ATTRIBUTE_TYPES[field.name];
  return field.space === 'tag' ? 'text' : field.space;
}

/** The field as somebody would write it. */
export const nameOf = (field: Field): string =>
  shorten(field.space === 'attribute' ? field.name : `${field.space}s.${field.key}`);

/** What a run's status can be, and what MLflow calls them; `scheduled` is a word that no run of ours ever has. */
const STATUSES = ['running', 'completed', 'failed', 'killed', 'crashed'];
const STATUS_SPELLINGS: Readonly<Record<string, string>> = { finished: 'completed', scheduled: 'scheduled' };

type Fit = (source: Source, field: Field, token: Token) => Operand;

const text = (value: string): Operand => ({ type: 'text', value });
const number = (value: number): Operand => ({ type: 'number', value });

/** TRUE and FALSE are words, not names, where a value stands. */
function flagOf(token: Token): boolean | undefined {
  if (token.type !== 'name' || token.parts.length !== 1 || token.parts[0]?.quoted === true) return undefined;
  const word = token.parts[0]?.text.toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : undefined;
}

const FITS: Readonly<Record<FieldType, Fit>> = {
  metric: (source, field, token) => {
    if (token.type === 'number') return number(token.value);
    if (token.type === 'text' && parseNumberText(token.value) !== undefined) {
      throw source.fault(token.start, `${nameOf(field)} is a number: leave out the quotes`);
    }
    throw source.fault(token.start, `${nameOf(field)} is a number: compare it with one, as in 0.9 or 1e-3`);
  },

  param: (source, field, token) => {
    if (token.type === 'number') return number(token.value);
    return textOperand(source, field, token);
  },

  text: (source, field, token) => {
    if (token.type === 'number') {
      const written = source.text.slice(token.start, token.end);
      throw source.fault(token.start, `${nameOf(field)} is text: put quotes around it, '${shorten(written)}'`);
    }
    return textOperand(source, field, token);
  },

  status: (source, field, token) => {
    const operand = textOperand(source, field, token);
    const word = String(operand.value).toLowerCase();
    if (STATUSES.includes(word)) return text(word);
    if (Object.hasOwn(STATUS_SPELLINGS, word)) return text(STATUS_SPELLINGS[word] ?? word);
    const meant = nearest(word, STATUSES);
    throw source.fault(
      token.start,
      `no run has the status ${shorten(word)}; ${meant === undefined ? `it is one of ${STATUSES.join(', ')}` : `did you mean '${meant}'?`}`,
    );
  },

  time: (source, field, token) => {
    if (token.type === 'number') return number(token.value);
    if (token.type === 'relative') return { type: 'relative', value: token.ms };
    const ms = token.type === 'text' ? momentOf(token.value) : undefined;
    if (ms !== undefined) return number(ms);
    throw source.fault(
      token.start,
      `${nameOf(field)} is a time: compare it with '2026-01-31', '2026-01-31T12:00:00Z', -7d, -12h, -30m, -90s or ms since 1970`,
    );
  },

  span: (source, field, token) => {
    if (token.type === 'number') return number(token.value * 1000);
    if (token.type === 'relative') return number(token.ms);
    throw source.fault(
      token.start,
      `${nameOf(field)} is a span of time: compare it with seconds, or with 90s, 30m, 12h, 7d`,
    );
  },

  flag: (source, field, token) => {
    const flag = flagOf(token);
    if (flag !== undefined) return { type: 'boolean', value: flag };
    throw source.fault(token.start, `${nameOf(field)} is either TRUE or FALSE, without quotes`);
  },
};

export const operandOf = (source: Source, field: Field, token: Token): Operand =>
  FITS[typeOf(field)](source, field, token);

function textOperand(source: Source, field: Field, token: Token): Operand {
  if (token.type === 'text') return text(token.value);
  const flag = flagOf(token);
  // parameters and tags hold booleans as these words
  if (flag !== undefined && field.space !== 'attribute') return text(String(flag));
  const written = source.text.slice(token.start, token.end);
  if (token.type === 'name') {
    throw source.fault(token.start, `texts stand in single quotes: '${shorten(written.replaceAll('`', ''))}'`);
  }
  throw source.fault(token.start, written === '' ? 'a value is missing' : `expected a text in single quotes`);
}

const MOMENT = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:\d{2})?)?$/;

/** ms of an ISO 8601 date or date and time; in UTC where no zone is given. */
export function momentOf(written: string): number | undefined {
  const match = MOMENT.exec(written);
  if (match === null) return undefined;
  const [, day = '', clock = '00:00', zone = 'Z'] = match;
  const midnight = Date.parse(`${day}T00:00Z`);
  // the engine's parser rolls 30 February over; a day that does not come back as written does not exist
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return undefined;
  const ms = Date.parse(`${day}T${clock.replace(/(\.\d{3})\d+$/, '$1')}${zone}`);
  return Number.isNaN(ms) ? undefined : ms;
}
