/** The context of a series (rank, dataset, subset …) in its one canonical text form: JSON, names in byte order, no blanks, '' for none. */

/** [name, value] pairs, sorted by name in byte order. */
export type ContextEntries = readonly (readonly [string, string])[];

/** Order of the UTF-8 bytes, which is the order of code points and not that of UTF-16 units. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

/** The canonical text of entries that are sorted already. */
export function formatContext(entries: ContextEntries): string {
  if (entries.length === 0) return '';
  return `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
}

/** The canonical text of a context as users give it. */
export const canonicalContext = (context: Readonly<Record<string, string>>): string =>
  formatContext(Object.entries(context).sort(([a], [b]) => compareBytes(a, b)));

/** The entries of a canonical text. */
export function contextEntries(canonical: string): ContextEntries {
  if (canonical === '') return [];
  const parsed = JSON.parse(canonical) as Record<string, string>;
  return Object.entries(parsed).sort(([a], [b]) => compareBytes(a, b));
}
