/** The colour of a run: a hash of its id, so that it is the same in every table, chart and session, whatever else is shown. */

/** Ten hues that stay apart for every kind of colour vision and against the page, one set per theme (run-color.test.ts measures both). */
export const palettes = {
  light: ['#2833bd', '#b16512', '#056e5a', '#c9237d', '#622680', '#70530b', '#4498b3', '#78172f', '#739c65', '#7e6ed3'],
  dark: ['#93cafb', '#d06e1d', '#49f7d0', '#d42975', '#a193fc', '#fad280', '#0f86ad', '#dd939c', '#b1bc05', '#8555e7'],
} as const;

export type Theme = keyof typeof palettes;
export const slots = palettes.light.length;

/** FNV-1a over UTF-16 units with a final mix: cheap, and neighbouring ids land far apart. */
export function colorSlot(run: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < run.length; i++) hash = Math.imul(hash ^ run.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) % slots;
}

export function runColor(run: string, theme: Theme): string {
  return palettes[theme][colorSlot(run)] ?? palettes[theme][0];
}

const dashes: readonly (readonly number[])[] = [[], [6, 3], [2, 2], [8, 3, 2, 3]];

/** How lines of one colour in the same picture are told apart: colours never move, the second of a colour is dashed. */
export function runDashes(runs: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const seen = new Map<number, number>();
  const dashOf = new Map<string, readonly number[]>();
  for (const run of runs) {
    if (dashOf.has(run)) continue;
    const slot = colorSlot(run);
    const nth = seen.get(slot) ?? 0;
    seen.set(slot, nth + 1);
    dashOf.set(run, dashes[nth % dashes.length] ?? []);
  }
  return dashOf;
}
