/** The spelling of query strings: readable where a URL allows it, lists by comma, and never throwing on what people paste. */

export type Query = Readonly<Record<string, string | undefined>>;

export function readQuery(search: string): Query {
  const query: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const pair of search.replace(/^\?/, '').split('&')) {
    const cut = pair.indexOf('=');
    if (cut > 0) query[decode(pair.slice(0, cut))] = decode(pair.slice(cut + 1));
  }
  return query;
}

/** Leaves out what is undefined or empty; `?` in front when anything is left. */
export function writeQuery(query: Query): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [`${name}=${encode(value)}`],
  );
  return pairs.length === 0 ? '' : '?' + pairs.join('&');
}

/** `~` escapes: `~0` a tilde, `~1` a comma, `~e` an empty item. Undefined for the empty list. */
export function writeList(items: readonly string[]): string | undefined {
  if (items.length === 0) return undefined;
  return items.map((item) => (item === '' ? '~e' : item.replaceAll('~', '~0').replaceAll(',', '~1'))).join(',');
}

export function readList(text: string | undefined): readonly string[] {
  if (text === undefined || text === '') return [];
  return text
    .split(',')
    .filter((item) => item !== '')
    .map((item) => (item === '~e' ? '' : item.replaceAll('~1', ',').replaceAll('~0', '~')));
}

export function readNumber(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

const readable: Readonly<Record<string, string>> = {
  '%20': '+',
  '%2C': ',',
  '%2F': '/',
  '%3A': ':',
  '%3D': '=',
  '%40': '@',
};

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/%[0-9A-F]{2}/g, (escape) => readable[escape] ?? escape);
}

function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
