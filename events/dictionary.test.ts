/** Tests of objects with free keys: nothing is dropped, and a fault names its key. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { parseControlEvent } from './control-event.js';
import { dictionary } from './dictionary.js';

const numbers = dictionary({ bytesMax: 14 }, z.number());

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', 'a/b'])('the key %s is kept', (key) => {
  const input: unknown = JSON.parse(`{${JSON.stringify(key)}: 1}`);
  const output = numbers.parse(input);
  expect(Object.entries(output)).toEqual([[key, 1]]);
  expect(JSON.stringify(output)).toBe(JSON.stringify(input));
  expect(Object.getPrototypeOf(output)).toBe(Object.prototype);
});

test.each([
  ['a key that is too long', { 'a-long-long-key': 1 }, ['a-long-long-key'], 'the key must be at most 14 bytes'],
  ['a key with a control character', { 'a\nb': 1 }, ['a\nb'], 'the key must not contain control characters'],
  ['a value of another type', { good: 1, bad: 'x' }, ['bad'], 'expected number'],
  ['a value of another type under __proto__', JSON.parse('{"__proto__": "x"}'), ['__proto__'], 'expected number'],
  ['an array', [1], [], 'must be an object'],
  ['null', null, [], 'must be an object'],
  ['a text', 'x', [], 'must be an object'],
  ['nothing', undefined, [], 'must be an object'],
])('%s is refused with its path', (_name, input, path, message) => {
  const issue = numbers.safeParse(input).error?.issues[0];
  expect(issue?.path).toEqual(path);
  expect(issue?.message).toContain(message);
});

const started = {
  v: 1,
  type: 'RunStarted',
  commandId: 'c1',
  workspace: 'default',
  at: 1,
  run: 'r1',
  uuid: '6f1c1d1e-7d3a-4b57-9c5e-0d4c3d5f2a01',
  experiment: 'e',
  experimentId: '6f1c1d1e-7d3a-4b57-9c5e-0d4c3d5f2a02',
};

test('a control event keeps a parameter, tag and context called __proto__', () => {
  const parsed = parseControlEvent({
    ...started,
    params: JSON.parse('{"__proto__": "1", "lr": "2"}') as unknown,
    tags: JSON.parse('{"__proto__": "t"}') as unknown,
    context: JSON.parse('{"__proto__": {"a": [1]}}') as unknown,
  });
  if (!parsed.ok || parsed.value.type !== 'RunStarted') throw new Error('not parsed');
  expect(JSON.stringify(parsed.value.params)).toBe('{"__proto__":"1","lr":"2"}');
  expect(JSON.stringify(parsed.value.tags)).toBe('{"__proto__":"t"}');
  expect(JSON.stringify(parsed.value.context)).toBe('{"__proto__":{"a":[1]}}');
});

test('a control event names the parameter at fault', () => {
  const parsed = parseControlEvent({ ...started, params: { lr: 3 } });
  expect(parsed).toMatchObject({ ok: false, error: { field: 'params.lr', unknownVersion: false } });
});

test('a control event without parameters has none, and ParamsSet must have them', () => {
  const parsed = parseControlEvent(started);
  expect(parsed.ok && 'params' in parsed.value).toBe(false);
  const { v, commandId, workspace, at } = started;
  const set = parseControlEvent({ v, commandId, workspace, at, type: 'ParamsSet', run: 'r1', overwrite: false });
  expect(set).toMatchObject({ ok: false, error: { field: 'params' } });
});
