/** Which runs are ticked: one by one, or a stretch with shift from the last one touched. Pure. */
import { limits } from '../../../runtime/limits.js';

export interface Ticked {
  readonly selected: readonly string[];
  /** Set when not all that was asked for could be taken in. */
  readonly full: boolean;
}

/** A comparison takes so many, and its address must stay one that a server accepts. */
export const selectionRunsMax = limits.compareRunsMax;
export const selectionCharsMax = limits.urlBytesMax / 2;

/** Ticks or clears `run`; with `anchor`, the whole stretch from there becomes what `run` becomes. */
export function tick(
  selected: readonly string[],
  rows: readonly string[],
  run: string,
  anchor: string | undefined,
): Ticked {
  const on = !selected.includes(run);
  const from = anchor === undefined ? -1 : rows.indexOf(anchor);
  const to = rows.indexOf(run);
  const stretch = from === -1 || to === -1 ? [run] : rows.slice(Math.min(from, to), Math.max(from, to) + 1);
  const touched = new Set(stretch);
  if (!on) return { selected: selected.filter((id) => !touched.has(id)), full: false };
  const kept = new Set(selected);
  return fit([...selected, ...stretch.filter((id) => !kept.has(id))]);
}

export function fit(wanted: readonly string[]): Ticked {
  const selected: string[] = [];
  let chars = 0;
  for (const run of wanted) {
    chars += encodeURIComponent(run).length + 1;
    if (selected.length >= selectionRunsMax || chars > selectionCharsMax) return { selected, full: true };
    selected.push(run);
  }
  return { selected, full: false };
}
