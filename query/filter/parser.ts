/** From the text of a filter to its tree: OR of ANDs of NOTs of conditions, with every complaint pointing at its column. */
import { limits } from '../../runtime/limits.js';
import type { CompareOperator, Condition, Field, Filter, Operand } from './ast.js';
import { fieldOf } from './fields.js';
import { filterSource, nextToken, shorten, type Source, type Token } from './lexer.js';
import { nameOf, operandOf, typeOf } from './operands.js';
import { nearest } from './suggest.js';

const COMPARISONS: Readonly<Record<string, CompareOperator>> = {
  '=': '=',
  '==': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};
const OPERATOR_WORDS = ['IN', 'NOT', 'LIKE', 'ILIKE', 'IS'];
const OPERATORS = '= != < <= > >= IN, NOT IN, LIKE, ILIKE, NOT LIKE, ~ !~ IS NULL, IS NOT NULL';
const KEYWORDS = ['AND', 'OR', 'NOT', 'IN', 'LIKE', 'ILIKE', 'IS', 'NULL', 'TRUE', 'FALSE'];

/** The filter that the text says, undefined when it says nothing. Throws a Problem and nothing else. */
export function parseFilter(text: string): Filter | undefined {
  if (Buffer.byteLength(text) > limits.filterBytesMax) {
    throw filterSource(text).fault(0, `the filter is longer than ${String(limits.filterBytesMax)} bytes`);
  }
  const parser = new Parser(filterSource(text));
  return parser.atEnd() ? undefined : parser.whole();
}

/** Reads one token ahead. Depth is bounded, so recursion is safe. */
class Parser {
  private token: Token;
  private conditions = 0;

  constructor(private readonly source: Source) {
    this.token = nextToken(source, 0);
  }

  atEnd(): boolean {
    return this.token.type === 'end';
  }

  whole(): Filter {
    const filter = this.either(0);
    if (this.token.type === 'end') return filter;
    if (this.isSymbol(')')) throw this.fault('this ) closes nothing');
    throw this.fault(this.expectedJoint());
  }

  private either(depth: number): Filter {
    const items = [this.both(depth)];
    while (this.takeWord('OR')) items.push(this.both(depth));
    return joined('or', items);
  }

  private both(depth: number): Filter {
    const items = [this.negation(depth)];
    while (this.takeWord('AND')) items.push(this.negation(depth));
    return joined('and', items);
  }

  private negation(depth: number): Filter {
    if (depth > limits.filterDepthMax) {
      throw this.fault(`the filter is nested deeper than ${String(limits.filterDepthMax)}`);
    }
    if (this.takeWord('NOT')) return { kind: 'not', item: this.negation(depth + 1) };
    if (!this.isSymbol('(')) return this.condition();
    const open = this.take().start;
    const filter = this.either(depth + 1);
    if (this.isSymbol(')')) this.take();
    else if (this.token.type === 'end') throw this.source.fault(open, 'this ( is never closed');
    else throw this.fault(this.expectedJoint());
    return filter;
  }

  private condition(): Filter {
    if (++this.conditions > limits.filterTermsMax) {
      throw this.fault(`the filter has more than ${String(limits.filterTermsMax)} conditions`);
    }
    const field = this.field();
    const at = this.token;
    if (at.type === 'symbol') {
      const comparison = COMPARISONS[at.symbol];
      if (comparison !== undefined) return this.comparison(field, comparison);
      if (at.symbol === '~' || at.symbol === '!~') return this.match(field, 'regex', at.symbol === '!~');
    }
    if (this.takeWord('IS')) {
      const negated = this.takeWord('NOT');
      if (!this.takeWord('NULL')) throw this.fault(`expected NULL after IS${negated ? ' NOT' : ''}`);
      const unset: Condition = { kind: 'unset', field };
      return negated ? { kind: 'not', item: unset } : unset;
    }
    const negated = this.takeWord('NOT');
    if (this.isWord('IN')) return this.among(field, negated);
    if (this.isWord('LIKE')) return this.match(field, 'like', negated);
    if (this.isWord('ILIKE')) return this.match(field, 'ilike', negated);
    if (negated) throw this.fault('expected IN, LIKE or ILIKE after NOT');
    throw this.fault(this.expectedOperator(field));
  }

  private field(): Field {
    const token = this.token;
    if (token.type === 'name' || (token.type === 'text' && token.quote === '"')) {
      if (this.isWord(...KEYWORDS)) throw this.fault('a condition is missing here: a field, an operator, a value');
      this.take();
      const parts = token.type === 'name' ? token.parts : [{ text: token.value, quoted: true }];
      return fieldOf(this.source, token.start, parts);
    }
    if (token.type === 'end') throw this.fault('a condition is missing here: a field, an operator, a value');
    throw this.fault("a condition starts with a field, as in metrics.loss < 0.1 or name = 'bert'");
  }

  private comparison(field: Field, operator: CompareOperator): Filter {
    const at = this.take();
    const orders = operator !== '=' && operator !== '!=';
    if (orders && ['status', 'flag'].includes(typeOf(field))) {
      throw this.source.fault(at.start, `${nameOf(field)} has no order: compare it with = or !=`);
    }
    return { kind: 'compare', field, operator, operand: this.operand(field) };
  }

  private among(field: Field, negated: boolean): Filter {
    this.take();
    if (!this.isSymbol('(')) throw this.fault('expected ( and a list of values after IN');
    const open = this.take().start;
    const operands = [this.operand(field)];
    while (this.isSymbol(',')) {
      this.take();
      operands.push(this.operand(field));
    }
    if (this.token.type === 'end') throw this.source.fault(open, 'this ( is never closed');
    if (!this.isSymbol(')')) throw this.fault('expected , or ) in the list');
    this.take();
    return { kind: 'in', field, operands, negated };
  }

  private match(field: Field, by: 'like' | 'ilike' | 'regex', negated: boolean): Filter {
    const at = this.take();
    if (!['text', 'status', 'param'].includes(typeOf(field))) {
      throw this.source.fault(at.start, `${nameOf(field)} is not text: compare it with = != < <= > >=`);
    }
    const token = this.token;
    if (token.type !== 'text') throw this.fault('expected a pattern in single quotes');
    this.take();
    return { kind: 'match', field, by, pattern: token.value, column: token.start + 1, negated };
  }

  private operand(field: Field): Operand {
    const token = this.token;
    const missing = token.type === 'end' || (token.type === 'symbol' && ['(', ')', ','].includes(token.symbol));
    if (missing) throw this.fault('a value is missing here');
    if (token.type === 'symbol') throw this.fault(`expected a value, not ${token.symbol}`);
    const operand = operandOf(this.source, field, token);
    this.take();
    return operand;
  }

  private expectedOperator(field: Field): string {
    const word = this.wordHere();
    const meant = word === undefined ? undefined : nearest(word, OPERATOR_WORDS);
    if (meant !== undefined) return `${shorten(word ?? '')} is no operator; did you mean ${meant}?`;
    return `an operator is missing after ${nameOf(field)}: one of ${OPERATORS}`;
  }

  private expectedJoint(): string {
    const word = this.wordHere();
    const meant = word === undefined ? undefined : nearest(word, ['AND', 'OR']);
    if (meant !== undefined) return `expected AND or OR here; did you mean ${meant}?`;
    return 'expected AND or OR here, or the end of the filter';
  }

  /** The bare word at hand, if it is one. */
  private wordHere(): string | undefined {
    const { token } = this;
    if (token.type !== 'name' || token.parts.length !== 1 || token.parts[0]?.quoted === true) return undefined;
    return token.parts[0]?.text;
  }

  private isWord(...words: readonly string[]): boolean {
    return words.includes(this.wordHere()?.toUpperCase() ?? '');
  }

  private isSymbol(symbol: string): boolean {
    return this.token.type === 'symbol' && this.token.symbol === symbol;
  }

  private takeWord(word: string): boolean {
    if (!this.isWord(word)) return false;
    this.take();
    return true;
  }

  private take(): Token {
    const taken = this.token;
    this.token = nextToken(this.source, taken.end);
    return taken;
  }

  private fault(detail: string) {
    return this.source.fault(this.token.start, detail);
  }
}

function joined(kind: 'and' | 'or', items: readonly Filter[]): Filter {
  const [first] = items;
  return items.length === 1 && first !== undefined ? first : { kind, items };
}
