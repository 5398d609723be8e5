/** The window of a chart over time, and where in the steps of each line its points are: rollups know, so that raw points need not be searched. */
import { Bindings } from '../sql/bindings.js';
import { rowsSql } from './cells-sql.js';
import type { Charting } from './chart.js';
import { idOf, type Line, type Summary } from './lines.js';
import { BITS_PER_LEVEL } from './pieces.js';
import { scansOf } from './scans.js';
import { ALL_STEPS, comparePositions, type StepRange } from './step-position.js';

/** ms, both included. */
export interface Window {
  readonly from: bigint;
  readonly to: bigint;
}

/** A line with what is known of its points in the window: at most so many, at steps within this range. */
export interface Sight {
  readonly line: Line;
  readonly points: number;
  readonly range: StepRange;
}

/** What a chunk may say as its time is between 0 and this. */
const TIME_MAX_MS = 8_640_000_000_000_000;

export function windowOf(from: number | undefined, to: number | undefined): Window {
  const bounded = (ms: number) => BigInt(Math.min(Math.max(ms, -1), TIME_MAX_MS + 1));
  return { from: bounded(Math.ceil(from ?? 0)), to: bounded(Math.floor(to ?? TIME_MAX_MS)) };
}

/** Buckets of this level are looked through; a range of steps reaches to their edges. */
const LOOK_LEVEL = 2;
const LOOK_BITS = BigInt(BITS_PER_LEVEL * LOOK_LEVEL);

/** Lines that lie wholly in the window, or are short anyway, need no look. A line with nothing in the window is left out. */
export async function sightsOf(
  { question, tables }: Charting,
  lines: readonly Line[],
  window: Window,
): Promise<Sight[]> {
  const needsLook = ({ summary }: Line) =>
    summary.count > question.buckets && (summary.timeMin < window.from || summary.timeMax > window.to);
  const bindings = new Bindings();
  const states = rowsSql({
    scans: scansOf(lines.filter(needsLook), ALL_STEPS),
    bindings,
    level: LOOK_LEVEL,
    cell: { ofBucket: '0', ofPoint: '0' },
    within: {
      ofBucket: `time_max >= ${String(window.from)} AND time_min <= ${String(window.to)}`,
      ofPoint: `time BETWEEN ${String(window.from)} AND ${String(window.to)}`,
    },
    ends: 'quick',
  });
  const looked: ReadonlyMap<string, Summary> =
    states === undefined ? new Map<string, Summary>() : await tables.summaries(states, bindings);
  return lines.flatMap((line): Sight[] => {
    if (!needsLook(line)) return [{ line, points: line.summary.count, range: ALL_STEPS }];
    const summary = looked.get(idOf(line));
    return summary === undefined ? [] : [{ line, points: summary.count, range: toWholeBuckets(summary) }];
  });
}

const toWholeBuckets = ({ first, last }: Summary): StepRange => ({
  from: { step: (first >> LOOK_BITS) << LOOK_BITS, micro: 0 },
  to: { step: (((last >> LOOK_BITS) + 1n) << LOOK_BITS) - 1n, micro: 999_999 },
});

/** One range around all. */
export function joinRanges(sights: readonly Sight[]): StepRange {
  const ranges = sights.map(({ range }) => range);
  return ranges.length === 0
    ? ALL_STEPS
    : ranges.reduce((a, b) => ({
        from: comparePositions(a.from, b.from) <= 0 ? a.from : b.from,
        to: comparePositions(a.to, b.to) >= 0 ? a.to : b.to,
      }));
}
