/** Parses ClickHouse's JSON so that 64-bit integers stay exact: numbers where safe, decimal strings beyond 2^53. */
import type { Cell, Columns, Row } from './tables.js';

interface Meta {
  readonly name: string;
  readonly type: string;
}

interface RowsAnswer {
  readonly meta: readonly Meta[];
  readonly data: readonly (readonly Cell[])[];
}

interface ColumnsAnswer {
  readonly meta: readonly Meta[];
  readonly data: Readonly<Record<string, readonly Cell[]>>;
  readonly rows: number;
}

/** What matters of a type: where wide integers are inside it. */
type Shape =
  | { readonly kind: 'wide' }
  | { readonly kind: 'plain' }
  | { readonly kind: 'array'; readonly of: Shape }
  | { readonly kind: 'map'; readonly of: Shape }
  | { readonly kind: 'tuple'; readonly of: readonly (readonly [name: string, shape: Shape])[] };

const PLAIN: Shape = { kind: 'plain' };
const MAYBE_WIDE = /Int(?:64|128|256)/;

export function parseShape(type: string): Shape {
  if (!MAYBE_WIDE.test(type)) return PLAIN;
  const call = /^(\w+)\((.*)\)$/s.exec(type.trim());
  if (call === null) return /^U?Int(?:64|128|256)$/.test(type.trim()) ? { kind: 'wide' } : PLAIN;
  const [, name, inner] = call as unknown as [string, string, string];
  const args = splitArguments(inner);
  switch (name) {
    case 'Nullable':
    case 'LowCardinality':
      return parseShape(inner);
    case 'SimpleAggregateFunction':
      return parseShape(args.slice(1).join(','));
    case 'Array':
      return { kind: 'array', of: parseShape(inner) };
    case 'Map':
      return { kind: 'map', of: parseShape(args[1] ?? '') };
    case 'Tuple':
      return { kind: 'tuple', of: args.map(parseElement) };
    default:
      return PLAIN;
  }
}

// `name Type`, or in an unnamed tuple just `Type`
function parseElement(element: string, index: number): readonly [string, Shape] {
  const named = /^(?:`((?:[^`\\]|\\.)*)`|(\w+)) (.+)$/s.exec(element.trim());
  if (named === null) return [String(index), parseShape(element)];
  return [named[1]?.replace(/\\(.)/g, '$1') ?? named[2] ?? '', parseShape(named[3] ?? '')];
}

function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? '';
    if (quote !== '') {
      if (c === '\\') i++;
      else if (c === quote) quote = '';
    } else if (c === '`' || c === "'") quote = c;
    else if (c === '(') depth++;
    else if (c === ')') depth--;
    else if (c === ',' && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

const isArray = (cell: Cell | undefined): cell is readonly Cell[] => Array.isArray(cell);
const isObject = (cell: Cell | undefined): cell is { readonly [name: string]: Cell } =>
  typeof cell === 'object' && cell !== null && !isArray(cell);

function isExact(shape: Shape, cell: Cell): boolean {
  switch (shape.kind) {
    case 'plain':
      return true;
    case 'wide':
      return typeof cell !== 'number' || Number.isSafeInteger(cell);
    case 'array':
      return !isArray(cell) || cell.every((item) => isExact(shape.of, item));
    case 'map':
      return !isObject(cell) || Object.values(cell).every((item) => isExact(shape.of, item));
    case 'tuple':
      return shape.of.every(([name, of], i) => isExact(of, element(cell, name, i) ?? null));
  }
}

const element = (cell: Cell | undefined, name: string, index: number): Cell | undefined =>
  isArray(cell) ? cell[index] : isObject(cell) ? cell[name] : undefined;

/** `rounded` is the cell as JSON.parse gives it, `quoted` the same with every long integer kept as a string. */
function restore(shape: Shape, rounded: Cell, quoted: Cell | undefined): Cell {
  switch (shape.kind) {
    case 'plain':
      return rounded;
    case 'wide':
      return typeof rounded === 'number' && !Number.isSafeInteger(rounded) ? (quoted ?? rounded) : rounded;
    case 'array':
      return isArray(rounded) ? rounded.map((item, i) => restore(shape.of, item, element(quoted, '', i))) : rounded;
    case 'map':
      return isObject(rounded)
        ? mapValues(rounded, (name, item) => restore(shape.of, item, element(quoted, name, 0)))
        : rounded;
    case 'tuple': {
      const part = (i: number, item: Cell) => {
        const [name, of] = shape.of[i] ?? ['', PLAIN];
        return restore(of, item, element(quoted, name, i));
      };
      if (isArray(rounded)) return rounded.map((item, i) => part(i, item));
      if (isObject(rounded))
        return mapValues(rounded, (name, item) =>
          part(
            shape.of.findIndex(([n]) => n === name),
            item,
          ),
        );
      return rounded;
    }
  }
}

const mapValues = (object: { readonly [name: string]: Cell }, change: (name: string, cell: Cell) => Cell): Cell =>
  Object.fromEntries(Object.entries(object).map(([name, cell]) => [name, change(name, cell)]));

/** Puts integers of 16 digits and more in quotes, outside of strings; only used when JSON.parse has rounded one. */
function quoteLongIntegers(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    /^-?\d{16,}$/.test(token) ? `"${token}"` : token,
  );
}

/** An answer in the format JSONCompact. */
export function parseRows(json: string): Row[] {
  const answer = JSON.parse(json) as RowsAnswer;
  const names = answer.meta.map((m) => m.name);
  const shapes = answer.meta.map((m) => parseShape(m.type));
  const wide = shapes.flatMap((shape, i) => (shape.kind === 'plain' ? [] : [[i, shape] as const]));
  let data = answer.data;
  if (!data.every((cells) => wide.every(([i, shape]) => isExact(shape, cells[i] ?? null)))) {
    const quoted = JSON.parse(quoteLongIntegers(json)) as RowsAnswer;
    data = data.map((cells, r) => cells.map((cell, i) => restore(shapes[i] ?? PLAIN, cell, quoted.data[r]?.[i])));
  }
  return data.map((cells) => {
    const row: Record<string, Cell> = {};
    for (let i = 0; i < names.length; i++) row[names[i] ?? ''] = cells[i] ?? null;
    return row;
  });
}

/** An answer in the format JSONColumnsWithMetadata. */
export function parseColumns(json: string): Columns {
  const answer = JSON.parse(json) as ColumnsAnswer;
  const columns: Record<string, readonly Cell[]> = {};
  let quoted: ColumnsAnswer | undefined;
  for (const { name, type } of answer.meta) {
    const cells = answer.data[name] ?? []; // an empty answer names no columns in its data
    const shape = parseShape(type);
    if (shape.kind === 'plain' || cells.every((cell) => isExact(shape, cell))) columns[name] = cells;
    else {
      const exact = (quoted ??= JSON.parse(quoteLongIntegers(json)) as ColumnsAnswer).data[name];
      columns[name] = cells.map((cell, row) => restore(shape, cell, exact?.[row]));
    }
  }
  return { rows: answer.rows, columns };
}
