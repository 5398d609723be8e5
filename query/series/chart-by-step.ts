/** A chart over steps: whole rollup buckets in the middle, raw points at the edges. Nothing is mapped, so it is always exact. */
import { statesSql, type CellExpressions } from './cells-sql.js';
import { readCells } from './cells.js';
import { NOTHING, type Charting, type Plan } from './chart.js';
import { integerEdges, integerGrid, largest, smallest, type IntegerGrid } from './grid.js';
import type { Line } from './lines.js';
import { BITS_PER_LEVEL, levelOf } from './pieces.js';
import { pointsSql, STEP_AXIS } from './points-sql.js';
import { readRawLines } from './raw-lines.js';
import { scansOf } from './scans.js';
import { ALL_STEPS, positionAtOrAfter, positionAtOrBefore, type StepRange } from './step-position.js';

export async function stepChart({ question, lines, tables }: Charting): Promise<Plan> {
  const range = rangeOf(question.from, question.to);
  if (range === undefined) return NOTHING;
  const reached = lines.filter((line) => meets(line, range));
  if (reached.length === 0) return NOTHING;
  const grid = integerGrid(
    reached.map(({ summary }) => largest(summary.first, range.from.step)).reduce(smallest),
    reached.map(({ summary }) => smallest(summary.last, range.to.step)).reduce(largest),
    question.buckets,
  );
  const level = levelOf(grid.shift);
  const cell = cellExpressions(grid);
  return {
    grid: { x: integerEdges(grid), width: 2 ** grid.shift },
    short: reached.filter(({ summary }) => summary.count <= question.buckets),
    long: reached.filter(({ summary }) => summary.count > question.buckets),
    raw: (some) => readRawLines(tables, some, (bindings) => pointsSql(scansOf(some, range), bindings, STEP_AXIS)),
    cells: async (some) => ({
      lines: await readCells(tables, some, grid.cells, (ends, bindings) =>
        statesSql({ scans: scansOf(some, range), bindings, level, cell, ends }),
      ),
      mapping: 'exact',
    }),
  };
}

const meets = ({ summary }: Line, { from, to }: StepRange) => summary.last >= from.step && summary.first <= to.step;

/** Undefined when no position is in it. */
function rangeOf(from: number | undefined, to: number | undefined): StepRange | undefined {
  const start = from === undefined ? ALL_STEPS.from : positionAtOrAfter(from);
  const end = to === undefined ? ALL_STEPS.to : positionAtOrBefore(to);
  return start === undefined || end === undefined ? undefined : { from: start, to: end };
}

function cellExpressions({ lower, shift, cells }: IntegerGrid): CellExpressions {
  if (cells === 1) return { ofBucket: '0', ofPoint: '0' };
  const first = `(${String(lower >> BigInt(shift))})`;
  return {
    ofBucket: `bitShiftRight(bucket, toUInt8(${String(shift)} - ${String(BITS_PER_LEVEL)} * level)) - ${first}`,
    ofPoint: `bitShiftRight(step, ${String(shift)}) - ${first}`,
  };
}
