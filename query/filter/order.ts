/** One entry of `orderBy` (a field and its direction) and one entry of `columns` (a field), in the filter language's names. */
import type { Field } from './ast.js';
import { fieldOf } from './fields.js';
import { entrySource, nextToken, type Source, type Token } from './lexer.js';

export interface OrderKey {
  readonly field: Field;
  readonly descending: boolean;
}

export function parseOrderKey(text: string, entry: string): OrderKey {
  const source = entrySource(entry, text);
  const [field, next] = fieldAt(source);
  if (next.type === 'end') return { field, descending: false };
  const word = next.type === 'name' && next.parts.length === 1 ? next.parts[0]?.text.toUpperCase() : undefined;
  if (word !== 'ASC' && word !== 'DESC') throw source.fault(next.start, 'expected ASC or DESC after the field');
  expectEnd(source, nextToken(source, next.end));
  return { field, descending: word === 'DESC' };
}

export function parseColumn(text: string, entry: string): Field {
  const source = entrySource(entry, text);
  const [field, next] = fieldAt(source);
  expectEnd(source, next);
  return field;
}

function fieldAt(source: Source): [Field, Token] {
  const token = nextToken(source, 0);
  if (token.type !== 'name') throw source.fault(token.start, 'expected a field, such as name, started or metrics.loss');
  return [fieldOf(source, token.start, token.parts), nextToken(source, token.end)];
}

function expectEnd(source: Source, token: Token): void {
  if (token.type !== 'end') throw source.fault(token.start, 'nothing may follow here');
}
