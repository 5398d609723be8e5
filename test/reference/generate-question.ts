/** Random questions: the text that goes to the server, and beside it what the text means, as the reference understands it. */
import type { Random } from '../simulation/random.js';
import { EXPERIMENTS, METRICS, NAMES, PARAMS, PARAM_TEXTS, TAGS, TAG_TEXTS } from './generate-world.js';
import { byBytes, naiveNumber, type NaiveFilter } from './naive-answers.js';

export interface WrittenFilter {
  readonly text: string;
  readonly means: NaiveFilter;
}

type Value = { readonly number?: number; readonly text?: string };

const NUMBERS = ['0.5', '5e-1', '.5', '+0.1', '0', '-2', '1', '10', '1e3', '0.001', '1024.'];
const COMPARISONS = ['=', '!=', '<>', '<', '<=', '>', '>='] as const;
const KEYWORD = (random: Random, word: string) => (random.chance(0.3) ? word.toLowerCase() : word);

function holds(operator: string, sign: number): boolean {
  switch (operator) {
    case '=':
      return sign === 0;
    case '!=':
    case '<>':
      return sign !== 0;
    case '<':
      return sign < 0;
    case '<=':
      return sign <= 0;
    case '>':
      return sign > 0;
    default:
      return sign >= 0;
  }
}

const signOf = (a: number, b: number) => (a < b ? -1 : a > b ? 1 : 0);

/** A value that is no number differs from every number and has no order with any. */
const againstNumber = (operator: string, literal: number) => (value: Value) =>
  value.number === undefined ? operator === '!=' || operator === '<>' : holds(operator, signOf(value.number, literal));

const quoted = (random: Random, text: string) =>
  `'${random.chance(0.5) ? text.replaceAll('\\', '\\\\').replaceAll("'", "''") : text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** Patterns with the JavaScript regex that means the same. */
const REGEXES: readonly (readonly [string, RegExp])[] = [
  ['^a', /^a/],
  ['d.m$', /d.m$/s],
  ['[0-9]+e?-', /[0-9]+e?-/],
  ['A|s', /A|s/],
  ['(?i)BERT', /BERT/i],
  ['^\\d', /^\d/],
  ['', /(?:)/],
];
const LIKES: readonly (readonly [string, RegExp])[] = [
  ['a%', /^a.*$/s],
  ['%e%', /^.*e.*$/s],
  ['_dam', /^.dam$/su],
  ['%', /^.*$/s],
  ['a\\%b', /^a%b$/],
  ['a\\_b', /^a_b$/],
  ['a_b', /^a.b$/su],
  ['bert', /^bert$/],
];

function matching(random: Random, field: string, written: string): WrittenFilter {
  const luck = random.next();
  const negated = random.chance(0.3);
  if (luck < 0.5) {
    const [pattern, regex] = random.pick(REGEXES);
    const operator = negated ? '!~' : '~';
    return {
      text: `${written} ${operator} ${quoted(random, pattern)}`,
      means: { field, test: ({ text }) => regex.test(text ?? '') !== negated },
    };
  }
  const [pattern, regex] = random.pick(LIKES);
  const folded = luck < 0.75;
  const like = new RegExp(regex.source, folded ? regex.flags + 'i' : regex.flags);
  const operator = KEYWORD(random, `${negated ? 'NOT ' : ''}${folded ? 'ILIKE' : 'LIKE'}`);
  return {
    text: `${written} ${operator} ${quoted(random, pattern)}`,
    means: { field, test: ({ text }) => like.test(text ?? '') !== negated },
  };
}

function presence(random: Random, field: string, written: string): WrittenFilter {
  return random.chance(0.5)
    ? { text: `${written} ${KEYWORD(random, 'IS NULL')}`, means: { unset: field } }
    : { text: `${written} ${KEYWORD(random, 'IS NOT NULL')}`, means: { not: { unset: field } } };
}

function numeric(
  random: Random,
  field: string,
  written: string,
  literals: readonly string[] = NUMBERS,
  scale = 1,
): WrittenFilter {
  if (random.chance(0.3)) {
    const list = Array.from({ length: random.between(1, 3) }, () => random.pick(literals));
    const negated = random.chance(0.4);
    return {
      text: `${written} ${KEYWORD(random, negated ? 'NOT IN' : 'IN')} (${list.join(', ')})`,
      means: { field, test: ({ number }) => list.some((literal) => Number(literal) * scale === number) !== negated },
    };
  }
  const operator = random.pick(COMPARISONS);
  const literal = random.pick(literals);
  return {
    text: `${written} ${operator} ${literal}`,
    means: { field, test: againstNumber(operator, Number(literal) * scale) },
  };
}

/** `orders` is for parameters: there an order with a text that is a number is an order of numbers. */
function textual(
  random: Random,
  field: string,
  written: string,
  texts: readonly string[],
  orders: boolean,
): WrittenFilter {
  const luck = random.next();
  if (luck < 0.3) return matching(random, field, written);
  if (luck < 0.5) {
    const list = Array.from({ length: random.between(1, 3) }, () => random.pick(texts));
    const negated = random.chance(0.4);
    return {
      text: `${written} ${KEYWORD(random, negated ? 'NOT IN' : 'IN')} (${list.map((text) => quoted(random, text)).join(',')})`,
      means: { field, test: ({ text }) => list.includes(text ?? '') !== negated },
    };
  }
  const operator = random.pick(COMPARISONS);
  const literal = random.pick(texts);
  const number = orders && !['=', '!=', '<>'].includes(operator) ? naiveNumber(literal) : undefined;
  const test =
    number === undefined
      ? ({ text = '' }: Value) => holds(operator, byBytes(text, literal))
      : againstNumber(operator, number);
  return { text: `${written} ${operator} ${quoted(random, literal)}`, means: { field, test } };
}

const plain = (key: string) => /^[a-z]+$/.test(key);

function keyed(random: Random, spaces: readonly string[], key: string): string {
  const name = plain(key) && random.chance(0.6) ? key : key.includes('`') ? `"${key}"` : `\`${key}\``;
  return `${random.pick(spaces)}.${name}`;
}

function metricCondition(random: Random): WrittenFilter {
  const key = random.pick(METRICS);
  const aggregate = random.pick(['last', 'min', 'max', 'mean', 'count']);
  const spelled = aggregate === 'last' && random.chance(0.6) ? '' : `.${aggregate}`;
  const written = keyed(random, ['metrics', 'metric', 'METRICS'], key) + spelled;
  const field = `metrics.${key}.${aggregate}`;
  return random.chance(0.15) ? presence(random, field, written) : numeric(random, field, written);
}

function paramCondition(random: Random): WrittenFilter {
  const key = random.pick(PARAMS);
  const written = keyed(random, ['params', 'param', 'parameters'], key);
  const field = `params.${key}`;
  const luck = random.next();
  if (luck < 0.1) return presence(random, field, written);
  if (luck < 0.5) return numeric(random, field, written);
  return textual(random, field, written, PARAM_TEXTS, true);
}

function tagCondition(random: Random): WrittenFilter {
  const key = random.pick(TAGS);
  const written = keyed(random, ['tags', 'tag'], key);
  return random.chance(0.1)
    ? presence(random, `tags.${key}`, written)
    : textual(random, `tags.${key}`, written, TAG_TEXTS, false);
}

function attributeCondition(random: Random, now: number): WrittenFilter {
  const texts = (field: string, written: string, words: readonly string[]) =>
    random.chance(0.15) ? presence(random, field, written) : textual(random, field, written, words, false);
  const time = (field: string, written: string): WrittenFilter => {
    if (random.chance(0.1)) return presence(random, field, written);
    const hours = random.between(0, 130);
    const at = now - hours * 3_600_000;
    const operator = random.pick(COMPARISONS);
    const literal = random.pick([`-${String(hours)}h`, String(at), `'${new Date(at).toISOString()}'`]);
    return { text: `${written} ${operator} ${literal}`, means: { field, test: againstNumber(operator, at) } };
  };
  switch (random.between(0, 10)) {
    case 0:
      return texts('name', random.pick(['name', 'attributes.run_name', '`name`']), NAMES);
    case 1:
      return texts('group', 'group', ['g1', 'g2', '']);
    case 2:
      return texts('job_type', random.pick(['job_type', 'jobType']), ['train', 'eval']);
    case 3:
      return texts('parent', 'parent', ['run-1', 'run-2', 'ü-3']);
    case 4:
      return texts('experiment', 'experiment', EXPERIMENTS);
    case 5:
      return texts('notes', 'notes', ['good', 'line\nbreak']);
    case 6: {
      const written = random.pick(['status', 'attributes.status']);
      const word = random.pick(['running', 'completed', 'failed', 'killed', 'crashed']);
      const spelled =
        word === 'completed' && random.chance(0.5) ? 'FINISHED' : random.chance(0.3) ? word.toUpperCase() : word;
      if (random.chance(0.2)) return matching(random, 'status', written);
      const negated = random.chance(0.4);
      const text = random.chance(0.5)
        ? `${written} ${negated ? '!=' : '='} '${spelled}'`
        : `${written} ${negated ? 'NOT IN' : 'IN'} ('${spelled}')`;
      return { text, means: { field: 'status', test: (value) => (value.text === word) !== negated } };
    }
    case 7:
      return time('started', random.pick(['started', 'attributes.start_time']));
    case 8:
      return time('ended', random.pick(['ended', 'end_time']));
    case 9:
      return numeric(random, 'duration', 'duration', ['0', '120', '86400', '432001', '-1'], 1000);
    default: {
      const flag = random.chance(0.5);
      return {
        text: `archived = ${String(flag)}`,
        means: { field: 'archived', test: ({ number }) => (number === 1) === flag },
      };
    }
  }
}

function condition(random: Random, now: number): WrittenFilter {
  const luck = random.next();
  if (luck < 0.3) return metricCondition(random);
  if (luck < 0.55) return paramCondition(random);
  if (luck < 0.7) return tagCondition(random);
  return attributeCondition(random, now);
}

export function generateFilter(random: Random, now: number, depth = 0): WrittenFilter {
  const luck = depth > 2 ? 1 : random.next();
  if (luck > 0.55) return condition(random, now);
  if (luck > 0.45) {
    const item = generateFilter(random, now, depth + 1);
    return { text: `${KEYWORD(random, 'NOT')} (${item.text})`, means: { not: item.means } };
  }
  const items = Array.from({ length: random.between(2, 3) }, () => generateFilter(random, now, depth + 1));
  const isAll = random.chance(0.6);
  const text = items.map((item) => `(${item.text})`).join(` ${KEYWORD(random, isAll ? 'AND' : 'OR')} `);
  return { text, means: isAll ? { all: items.map((item) => item.means) } : { any: items.map((item) => item.means) } };
}

/** An entry of orderBy and the field it means. */
export function generateOrder(random: Random): {
  readonly text: string;
  readonly field: string;
  readonly descending: boolean;
} {
  const aggregate = random.pick(['last', 'min', 'max', 'mean', 'count']);
  const [written, field] = random.pick<readonly [string, string]>([
    ...METRICS.map((key) => [`metrics.\`${key}\`.${aggregate}`, `metrics.${key}.${aggregate}`] as const),
    ['metrics.loss', 'metrics.loss.last'],
    ['params.lr', 'params.lr'],
    ['params.opt', 'params.opt'],
    ['tags.team', 'tags.team'],
    ['name', 'name'],
    ['status', 'status'],
    ['experiment', 'experiment'],
    ['started', 'started'],
    ['ended', 'ended'],
    ['duration', 'duration'],
    ['archived', 'archived'],
  ]);
  const direction = random.pick(['', ' ASC', ' DESC', ' desc']);
  return { text: written + direction, field, descending: direction.trim().toUpperCase() === 'DESC' };
}

export function namesArchived(filter: NaiveFilter | undefined): boolean {
  if (filter === undefined) return false;
  if ('all' in filter) return filter.all.some(namesArchived);
  if ('any' in filter) return filter.any.some(namesArchived);
  if ('not' in filter) return namesArchived(filter.not);
  return ('field' in filter ? filter.field : filter.unset) === 'archived';
}
