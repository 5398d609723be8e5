/** What charts remember while the tables stand still: whole answers, and the lines of runs, which a zoom asks for again. */
import type { PositionBoard } from '../../events/position-board.js';
import { limits } from '../../runtime/limits.js';
import { createMemory, positionMark, type Memory } from '../memory.js';
import type { Line } from './lines.js';

export interface ChartMemory {
  /** JSON by question. */
  readonly answers: Memory<string>;
  /** By internal ids of the runs and keys, in their order. */
  readonly lines: Memory<readonly Line[]>;
}

export function createChartMemory(board: PositionBoard): ChartMemory {
  const mark = positionMark(board);
  return {
    answers: createMemory({
      mark,
      entriesMax: limits.chartsRememberedMax,
      bytesMax: limits.chartsRememberedBytesMax,
      bytesOf: (text) => 2 * text.length,
    }),
    lines: createMemory({
      mark,
      entriesMax: limits.linesRememberedMax,
      bytesMax: limits.linesRememberedBytesMax,
      bytesOf: (lines) => lines.reduce((bytes, line) => bytes + bytesOfLine(line), 0),
    }),
  };
}

const LINE_BYTES = 500;
const SOURCE_BYTES = 200;

const bytesOfLine = ({ key, context, sources }: Line): number =>
  LINE_BYTES + 2 * (key.length + context.length) + SOURCE_BYTES * sources.length;
