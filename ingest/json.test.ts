/** JSON at the edge: what is refused before a schema sees it, and which field a complaint names. */
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { limits } from '../runtime/limits.js';
import { Problem } from '../runtime/problem.js';
import { pointsRequest, startRunRequest } from './api.js';
import { checkSchema, parseJson } from './json.js';

const bytes = (text: string) => new TextEncoder().encode(text);

function problemOf(act: () => unknown): { code: string; field: string | undefined; detail: string } {
  try {
    act();
  } catch (error) {
    if (error instanceof Problem) return { code: error.code, field: error.extras.field, detail: error.detail };
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('parseJson', () => {
  it('gives what JSON.parse gives', () => {
    const text = '{"a":[1,-2.5e3,"x\\u00e9\\"{[",null,true],"b":{"constructor":"c"}}';
    expect(parseJson(bytes(text))).toEqual(JSON.parse(text));
  });

  it('takes the deepest nesting that is allowed and refuses the next, however the brackets stand in strings', () => {
    const nested = (depth: number) => '['.repeat(depth) + '"]]]\\"[["' + ']'.repeat(depth);
    expect(parseJson(bytes(nested(limits.jsonDepthMax)))).toBeInstanceOf(Array);
    expect(problemOf(() => parseJson(bytes(nested(limits.jsonDepthMax + 1))))).toMatchObject({ field: 'body' });
  });

  it('refuses a million brackets without building them', () => {
    expect(problemOf(() => parseJson(bytes('['.repeat(1_000_000))))).toMatchObject({
      code: 'invalid_request',
      detail: expect.stringContaining('deeper') as string,
    });
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(problemOf(() => parseJson(Uint8Array.of(0x22, 0xc3, 0x28, 0x22)))).toMatchObject({
      field: 'body',
      detail: expect.stringContaining('UTF-8') as string,
    });
  });

  it.each([
    ['{"params":{"__proto__":"x"}}', 'params.__proto__'],
    ['{"params":{"\\u005f_proto__":"x"}}', 'params.__proto__'],
    ['{"a":[1,{"__proto__":{"b":1}}]}', 'a[1].__proto__'],
    ['{"__proto__":null}', '__proto__'],
  ])('refuses %s and names where, for a record schema would drop it in silence', (text, field) => {
    expect(problemOf(() => parseJson(bytes(text)))).toMatchObject({ field });
  });

  it.each(['', '{', '{"a":}', 'NaN', '{"a":NaN}', '1 2', "{'a':1}"])('refuses %j as no JSON', (text) => {
    expect(problemOf(() => parseJson(bytes(text)))).toMatchObject({ code: 'invalid_request', field: 'body' });
  });
});

describe('checkSchema', () => {
  const start = { experiment: 'e' };
  const series = { key: 'k', steps: [1], values: [1] };

  it.each<[string, z.ZodType, unknown]>([
    ['body', startRunRequest, []],
    ['body', startRunRequest, null],
    ['experiment', startRunRequest, {}],
    ['nonsense', startRunRequest, { ...start, nonsense: 1 }],
    ['params.lr', startRunRequest, { ...start, params: { lr: {} } }],
    ['fork.step', startRunRequest, { ...start, fork: { run: 'r', step: 1.5 } }],
    [
      'series[1].steps[2]',
      pointsRequest,
      { writer: 'w', seq: 0, series: [series, { ...series, steps: [1, 2, null] }] },
    ],
    ['series[0].extra', pointsRequest, { writer: 'w', seq: 0, series: [{ ...series, extra: 1 }] }],
  ])('names %s', (field, schema, value) => {
    expect(problemOf(() => checkSchema(schema, value))).toMatchObject({ code: 'invalid_request', field });
  });

  it('names a key of a record and says what is wrong with it', () => {
    const problem = problemOf(() => checkSchema(startRunRequest, { ...start, tags: { 'a\nb': 'x' } }));
    expect(problem).toMatchObject({ field: 'tags.a\nb', detail: expect.stringContaining('control') as string });
  });

  it('keeps the field short, however long the name at fault', () => {
    const problem = problemOf(() => checkSchema(startRunRequest, { ...start, ['x'.repeat(100_000)]: 1 }));
    expect(problem.field).toHaveLength(limits.problemFieldCharsMax);
    expect(problem.detail.length).toBeLessThan(1000);
  });

  it('gives scalars of parameters as text', () => {
    const params = { lr: 0.1, n: 3, on: true, none: null, s: 'x' };
    const expected = { lr: '0.1', n: '3', on: 'true', none: 'null', s: 'x' };
    expect(checkSchema(startRunRequest, { ...start, params })).toMatchObject({ params: expected });
  });
});
