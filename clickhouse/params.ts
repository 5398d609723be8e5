/** Encodes the values that are bound to `{name:Type}` in a statement; the server parses them by that type, so no value can become SQL. */

/** A Date becomes its milliseconds; bind it to `{name:DateTime64(3)}` or to a number. */
export type Param = string | number | bigint | boolean | null | Date | readonly Param[];

/** Outside of an array a value has the escaping of tab-separated text, inside one that of a literal. */
export function encodeParam(value: Param): string {
  if (value === null) return '\\N';
  if (typeof value === 'string') return escapeText(value);
  return encodeElement(value);
}

function encodeElement(value: Param): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `'${escapeText(value)}'`;
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'number') return encodeNumber(value);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Date) return String(value.getTime() / 1000);
  return `[${value.map(encodeElement).join(',')}]`;
}

function encodeNumber(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return String(value);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\0': '\\0',
};

const escapeText = (text: string) => text.replace(/[\\'\t\n\r\0]/g, (c) => ESCAPES[c] ?? c);
