/** Metric names as sections: grouped by what stands before the last `/`, filtered by a regular expression over the whole name. Pure. */

import { metricRank } from './metric-rank.js';

export interface MetricSection {
  /** Empty for names without a slash. */
  readonly prefix: string;
  readonly keys: readonly string[];
}

/** Reads what a person typed: a regular expression without regard to case, or the text itself when it is none. */
export function metricMatcher(find: string): { readonly matches: (key: string) => boolean; readonly literal: boolean } {
  if (find.trim() === '') return { matches: () => true, literal: false };
  try {
    const pattern = new RegExp(find, 'iu');
    return { matches: (key) => pattern.test(key), literal: false };
  } catch {
    const text = find.toLowerCase();
    return { matches: (key) => key.toLowerCase().includes(text), literal: true };
  }
}

const natural = new Intl.Collator('en', { numeric: true });

/** Sections by prefix, those that read like results first, then by name; numbers in names count as numbers. */
export function metricSections(keys: readonly string[], find: string): MetricSection[] {
  const { matches } = metricMatcher(find);
  const sections = new Map<string, string[]>();
  for (const key of keys) {
    if (!matches(key)) continue;
    const prefix = key.slice(0, Math.max(0, key.lastIndexOf('/')));
    const section = sections.get(prefix);
    if (section === undefined) sections.set(prefix, [key]);
    else section.push(key);
  }
  return [...sections]
    .map(([prefix, names]) => ({
      prefix,
      keys: names.sort((a, b) => natural.compare(a, b)),
      rank: Math.min(...names.map(metricRank)),
    }))
    .sort((a, b) => a.rank - b.rank || natural.compare(a.prefix, b.prefix))
    .map(({ prefix, keys: sorted }) => ({ prefix, keys: sorted }));
}
