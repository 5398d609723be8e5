/** The filter language as people write it: what each text means, and where each mistake is pointed at. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../runtime/limits.js';
import { Problem } from '../../runtime/problem.js';
import { conditionsOf, type Filter } from './ast.js';
import { parseFilter } from './parser.js';

const attribute = (name: string) => ({ space: 'attribute', name });
const param = (key: string) => ({ space: 'param', key });
const tag = (key: string) => ({ space: 'tag', key });
const metric = (key: string, aggregate = 'last') => ({ space: 'metric', key, aggregate });
const number = (value: number) => ({ type: 'number', value });
const text = (value: string) => ({ type: 'text', value });
const compare = (field: object, operator: string, operand: object) => ({ kind: 'compare', field, operator, operand });

const meanings: readonly (readonly [string, object | undefined])[] = [
  ['', undefined],
  [' \n\t ', undefined],
  ['metrics.val_acc > 0.9', compare(metric('val_acc'), '>', number(0.9))],
  ['metrics.loss.min<=1e-3', compare(metric('loss', 'min'), '<=', number(0.001))],
  ['metrics.loss.MEAN = -.5', compare(metric('loss', 'mean'), '=', number(-0.5))],
  ['metrics.loss.count != +2.', compare(metric('loss', 'count'), '!=', number(2))],
  ['metrics.train/loss.v2 = 1', compare(metric('train/loss.v2'), '=', number(1))],
  ['metrics.`loss.min` = 1', compare(metric('loss.min'), '=', number(1))],
  ['metrics.`val loss`.max = 1', compare(metric('val loss', 'max'), '=', number(1))],
  ['metrics."val loss".max = 1', compare(metric('val loss', 'max'), '=', number(1))],
  ['metrics.min = 1', compare(metric('min'), '=', number(1))],
  ['metrics.0/größe = 1', compare(metric('0/größe'), '=', number(1))],
  ['params.lr = 0.001', compare(param('lr'), '=', number(0.001))],
  ["params.lr = '0.001'", compare(param('lr'), '=', text('0.001'))],
  ['params.lr = "0.001"', compare(param('lr'), '=', text('0.001'))],
  ['params.bias = TRUE', compare(param('bias'), '=', text('true'))],
  ["params.`my key` <> 'it''s'", compare(param('my key'), '!=', text("it's"))],
  ["params.`it's`.`a.b` == 'x'", compare(param("it's.a.b"), '=', text('x'))],
  ["tags.team = 'a\\'b\\\\c\\d'", compare(tag('team'), '=', text("a'b\\c\\d"))],
  [
    "name ~ '^bert\\d+'",
    { kind: 'match', field: attribute('name'), by: 'regex', pattern: '^bert\\d+', column: 8, negated: false },
  ],
  ["tags.x !~ 'a'", { kind: 'match', field: tag('x'), by: 'regex', pattern: 'a', column: 11, negated: true }],
  [
    "name LIKE 'a%'",
    { kind: 'match', field: attribute('name'), by: 'like', pattern: 'a%', column: 11, negated: false },
  ],
  [
    "name not ilike 'a%'",
    { kind: 'match', field: attribute('name'), by: 'ilike', pattern: 'a%', column: 16, negated: true },
  ],
  [
    'params.lr IN (0.01, 0.1)',
    { kind: 'in', field: param('lr'), operands: [number(0.01), number(0.1)], negated: false },
  ],
  ["params.lr not in ('a',2)", { kind: 'in', field: param('lr'), operands: [text('a'), number(2)], negated: true }],
  ['parent IS NULL', { kind: 'unset', field: attribute('parent') }],
  ['tags.x is not null', { kind: 'not', item: { kind: 'unset', field: tag('x') } }],
  ["status = 'Failed'", compare(attribute('status'), '=', text('failed'))],
  ["started > '2026-01-31'", compare(attribute('started'), '>', number(Date.UTC(2026, 0, 31)))],
  [
    "started > '2026-01-31T10:00:30.5+02:00'",
    compare(attribute('started'), '>', number(Date.UTC(2026, 0, 31, 8, 0, 30, 500))),
  ],
  ["ended < '2026-01-31 10:00'", compare(attribute('ended'), '<', number(Date.UTC(2026, 0, 31, 10)))],
  ['created >= 1700000000000', compare(attribute('created'), '>=', number(1_700_000_000_000))],
  ['started > -7d', compare(attribute('started'), '>', { type: 'relative', value: -604_800_000 })],
  ['started>-1.5h', compare(attribute('started'), '>', { type: 'relative', value: -5_400_000 })],
  ['started > -30M', compare(attribute('started'), '>', { type: 'relative', value: -1_800_000 })],
  ['duration > 90', compare(attribute('duration'), '>', number(90_000))],
  ['duration > 2h', compare(attribute('duration'), '>', number(7_200_000))],
  ['archived = true', compare(attribute('archived'), '=', { type: 'boolean', value: true })],
  // what MLflow's clients write
  ["attributes.status = 'FINISHED'", compare(attribute('status'), '=', text('completed'))],
  ["attributes.`status` = 'RUNNING'", compare(attribute('status'), '=', text('running'))],
  ["attribute.run_id = 'a'", compare(attribute('id'), '=', text('a'))],
  ["attr.run_name = 'a'", compare(attribute('name'), '=', text('a'))],
  ["run.`Run name` = 'a'", compare(attribute('name'), '=', text('a'))],
  ['attributes.start_time > 5', compare(attribute('started'), '>', number(5))],
  ['metric.x > 5', compare(metric('x'), '>', number(5))],
  ["parameter.x = '5'", compare(param('x'), '=', text('5'))],
  ['tag."mlflow.user" = "me"', compare(tag('mlflow.user'), '=', text('me'))],
  ["tags.mlflow.user = 'me'", compare(tag('mlflow.user'), '=', text('me'))],
];

describe('a filter', () => {
  it.each(meanings)('%s', (written, meaning) => {
    expect(parseFilter(written)).toEqual(meaning);
  });

  it('binds NOT tighter than AND, and AND tighter than OR', () => {
    const written = "NOT id = 'a' AND id = 'b' OR id = 'c' AND NOT (id = 'd' OR id = 'e')";
    expect(shape(parseFilter(written))).toBe('or(and(not(a),b),and(c,not(or(d,e))))');
    expect(shape(parseFilter(written.toLowerCase()))).toBe(shape(parseFilter(written)));
  });

  it('keeps a chain of ANDs flat, so that its length is no depth', () => {
    const written = Array.from({ length: limits.filterTermsMax }, (_, i) => `id = '${String(i)}'`).join(' AND ');
    const filter = parseFilter(written);
    expect(filter?.kind === 'and' ? filter.items.length : 0).toBe(limits.filterTermsMax);
  });
});

const mistakes: readonly (readonly [string, number, string])[] = [
  ['stauts = 1', 1, 'did you mean status?'],
  ['loss < 1', 1, 'did you mean metrics.loss, params.loss or tags.loss?'],
  ['metircs.loss < 1', 1, 'did you mean metrics.loss?'],
  ['foobar.loss < 1', 1, 'did you mean metrics.foobar.loss'],
  ["attributes.statsu = 'x'", 1, 'did you mean status?'],
  ['metrics < 1', 1, 'metrics needs a name after it'],
  ['attributes = 1', 1, 'name of an attribute is missing'],
  ['metrics. < 1', 9, 'a name is missing after the dot'],
  ['metrics.`` < 1', 9, 'must not be empty'],
  ['metrics.`a < 1', 9, 'no closing `'],
  ['metrics.a', 10, 'an operator is missing after metrics.a'],
  ["name LIK 'x'", 6, 'did you mean LIKE?'],
  ["name NOT 'x'", 10, 'expected IN, LIKE or ILIKE after NOT'],
  ['name IS 5', 9, 'expected NULL'],
  ['metrics.a >', 12, 'a value is missing'],
  ['metrics.a > > 1', 13, 'expected a value, not >'],
  ["metrics.a > '0.5'", 13, 'leave out the quotes'],
  ["metrics.a > 'x'", 13, 'metrics.a is a number'],
  ['metrics.a > 1x', 13, '1x is not a number'],
  ['metrics.a > 0x10', 13, '0x10 is not a number'],
  ['metrics.a > 1e999', 13, '1e999 is not a number'],
  ['metrics.a > 1.2.3', 13, '1.2.3 is not a number'],
  ['metrics.a > -7d', 13, 'metrics.a is a number'],
  ["metrics.a LIKE '1%'", 11, 'is not text'],
  ['tags.fold = 3', 13, "put quotes around it, '3'"],
  ['name = bert', 8, "single quotes: 'bert'"],
  ['name = `bert`', 8, "single quotes: 'bert'"],
  ["name = 'bert", 8, "no closing '"],
  ['name ~ 5', 8, 'expected a pattern'],
  ["status = 'done'", 10, 'it is one of running, completed'],
  ["status = 'complete'", 10, "did you mean 'completed'?"],
  ["status < 'failed'", 8, 'has no order'],
  ["archived = 'true'", 12, 'either TRUE or FALSE'],
  ['archived > true', 10, 'has no order'],
  ["started > 'yesterday'", 11, 'started is a time'],
  ["started > '2026-02-30'", 11, 'started is a time'],
  ["started > '2026-13-01'", 11, 'started is a time'],
  ["started > '2026-01-01T25:00'", 11, 'started is a time'],
  ['started > -99999999999999999d', 11, 'too far away'],
  ["duration > '1h'", 12, 'span of time'],
  ['params.a IN 5', 13, 'expected ('],
  ['params.a IN ()', 14, 'a value is missing'],
  ['params.a IN (1 2)', 16, 'expected , or )'],
  ['params.a IN (1, 2', 13, 'never closed'],
  ["id = 'a' id = 'b'", 10, 'expected AND or OR'],
  ["id = 'a' ADN id = 'b'", 10, 'did you mean AND?'],
  ["id = 'a' AND", 13, 'a condition is missing'],
  ["id = 'a' AND AND id = 'b'", 14, 'a condition is missing'],
  ["(id = 'a'", 1, 'never closed'],
  ["id = 'a')", 9, 'closes nothing'],
  ['0.5 < metrics.a', 1, 'a condition starts with a field'],
  ["id = 'a'; DROP TABLE runs", 9, '";" has no meaning here'],
  ["id = 'a' -- x", 10, '"-" has no meaning here'],
  ['NOT', 4, 'a condition is missing'],
];

describe('a mistake in a filter', () => {
  it.each(mistakes)('%s', (written, column, detail) => {
    const problem = problemOf(written);
    expect(problem.body()).toMatchObject({ status: 400, code: 'invalid_filter', field: 'filter', column });
    expect(problem.detail).toContain(detail);
  });

  it('is pointed at in UTF-16 units, as editors of the browser count', () => {
    expect(problemOf("tags.`😀` = 'x' AND €").extras.column).toBe(21);
  });

  it('is a nesting deeper than the bound', () => {
    const nested = (depth: number) => `${'('.repeat(depth)}id = 'a'${')'.repeat(depth)}`;
    expect(parseFilter(nested(limits.filterDepthMax))).toBeDefined();
    expect(problemOf(nested(limits.filterDepthMax + 1)).detail).toContain('nested deeper');
    expect(problemOf(`${'NOT '.repeat(limits.filterDepthMax + 1)}id = 'a'`).detail).toContain('nested deeper');
  });

  it('is one condition more than the bound', () => {
    const written = Array.from({ length: limits.filterTermsMax + 1 }, () => "id = ''").join(' OR ');
    expect(problemOf(written).detail).toContain('conditions');
  });

  it('is a text longer than the bound', () => {
    expect(problemOf(`id = '${'ä'.repeat(limits.filterBytesMax / 2)}'`).detail).toContain('bytes');
  });
});

describe('any text whatever', () => {
  const words = [
    'metrics',
    '.',
    'a',
    '`b c`',
    '(',
    ')',
    'AND',
    'or',
    'NOT',
    'IN',
    ',',
    "'x'",
    '"y"',
    '=',
    '~',
    '!',
    '<',
    '>',
  ].concat([
    '1',
    '-7d',
    '1e',
    'IS',
    'NULL',
    'LIKE',
    "'",
    '`',
    '"',
    '\\',
    'status',
    'params.lr',
    'tags.t',
    '\u{1F600}',
    '\ud800',
    ' ',
  ]);
  const soup = fc.array(fc.constantFrom(...words), { maxLength: 60 }).map((parts) => parts.join(' '));
  const glued = fc.array(fc.constantFrom(...words), { maxLength: 60 }).map((parts) => parts.join(''));

  it('is a filter or a Problem that points into the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), soup, glued), (written) => {
        try {
          const filter = parseFilter(written);
          if (filter !== undefined) expect([...conditionsOf(filter)].length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(Problem);
          const column = (error as Problem).extras.column ?? 0;
          expect(column).toBeGreaterThanOrEqual(1);
          expect(column).toBeLessThanOrEqual(written.length + 1);
          expect((error as Problem).detail.isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('is read in steps that grow with its length, whatever it repeats', () => {
    for (const word of ['(', 'NOT ', 'a.', "''", '`', '"', '1e', '-', 'metrics.a>1 and ', "'\\", 'é', '1.']) {
      const written = word.repeat(Math.floor(limits.filterBytesMax / Buffer.byteLength(word)));
      expect(() => parseFilter(written)).toThrow(Problem);
    }
  });
});

function problemOf(written: string): Problem {
  try {
    parseFilter(written);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error(`${written} was accepted`);
}

function shape(filter: Filter | undefined): string {
  if (filter === undefined) return '';
  if (filter.kind === 'not') return `not(${shape(filter.item)})`;
  if (filter.kind === 'and' || filter.kind === 'or') return `${filter.kind}(${filter.items.map(shape).join(',')})`;
  return filter.kind === 'compare' ? String(filter.operand.value) : filter.kind;
}
