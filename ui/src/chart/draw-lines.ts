/** Traces lines, their min–max bands and their marks for NaN and infinities onto a canvas. */
import type { DrawnLine } from './drawn-line.js';
import { visibleCells, type Extent } from './line-range.js';

/** Where values land, in canvas pixels. */
export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Canvas pixels per CSS pixel. */
  readonly ratio: number;
  readonly range: Extent;
  readonly xOf: (x: number) => number;
  readonly yOf: (y: number) => number;
}

const thinAbove = 20;

export function drawLines(ctx: CanvasRenderingContext2D, lines: readonly DrawnLine[], frame: Frame): void {
  ctx.save();
  clip(ctx, frame);
  const many = lines.length > thinAbove;
  ctx.lineJoin = 'round';
  for (const drawn of lines) drawBand(ctx, drawn, frame, many ? 0.06 : lines.length > 4 ? 0.12 : 0.18);
  for (const drawn of lines) {
    if (drawn.faint !== undefined) trace(ctx, drawn, drawn.faint, frame, { width: 1, alpha: 0.28, dashed: false });
  }
  // dashes cost many times the line itself, and tell nobody anything among so many
  for (const drawn of lines) trace(ctx, drawn, drawn.y, frame, { width: many ? 1 : 1.5, alpha: 1, dashed: !many });
  for (const drawn of lines) drawOddMarks(ctx, drawn, frame);
  ctx.restore();
}

/** The pointed-at line once more, thick, over a halo in the colour of the page. */
export function drawEmphasis(ctx: CanvasRenderingContext2D, drawn: DrawnLine, frame: Frame, halo: string): void {
  ctx.save();
  clip(ctx, frame);
  ctx.lineJoin = 'round';
  trace(ctx, { ...drawn, color: halo }, drawn.y, frame, { width: 5, alpha: 0.75, dashed: false });
  trace(ctx, drawn, drawn.y, frame, { width: 2.5, alpha: 1, dashed: false });
  ctx.restore();
}

function clip(ctx: CanvasRenderingContext2D, frame: Frame): void {
  ctx.beginPath();
  ctx.rect(frame.left, frame.top, frame.width, frame.height);
  ctx.clip();
}

function trace(
  ctx: CanvasRenderingContext2D,
  drawn: DrawnLine,
  y: Float64Array,
  frame: Frame,
  style: { width: number; alpha: number; dashed: boolean },
): void {
  const { x } = drawn.line;
  const { from, to } = visibleCells(drawn.line, frame.range);
  const first = Math.max(0, from - 1);
  const end = Math.min(x.length, to + 1);
  const dots: number[] = [];
  ctx.beginPath();
  let open = false;
  for (let i = first; i < end; i++) {
    const value = y[i] ?? NaN;
    if (Number.isNaN(value)) {
      open = false;
      continue;
    }
    const px = frame.xOf(x[i] ?? NaN);
    const py = frame.yOf(value);
    if (open) ctx.lineTo(px, py);
    else {
      ctx.moveTo(px, py);
      // a point with no neighbour would leave nothing on the canvas
      const alone = i + 1 >= x.length || Number.isNaN(y[i + 1] ?? NaN);
      if (alone) dots.push(px, py);
    }
    open = true;
  }
  ctx.strokeStyle = drawn.color;
  ctx.fillStyle = drawn.color;
  ctx.globalAlpha = style.alpha;
  ctx.lineWidth = style.width * frame.ratio;
  ctx.setLineDash(style.dashed ? drawn.dash.map((length) => length * frame.ratio) : []);
  ctx.stroke();
  for (let i = 0; i < dots.length; i += 2) {
    ctx.beginPath();
    ctx.arc(dots[i] ?? 0, dots[i + 1] ?? 0, Math.max(2, style.width + 0.5) * frame.ratio, 0, 2 * Math.PI);
    ctx.fill();
  }
  ctx.globalAlpha = 1;
}

/** From the least to the greatest value of each cell; a cell without finite values parts the band. */
function drawBand(ctx: CanvasRenderingContext2D, drawn: DrawnLine, frame: Frame, alpha: number): void {
  const { line } = drawn;
  if (line.raw) return;
  const { from, to } = visibleCells(line, frame.range);
  const first = Math.max(0, from - 1);
  const end = Math.min(line.x.length, to + 1);
  ctx.beginPath();
  for (let start = first; start < end;) {
    if (Number.isNaN(line.low[start] ?? NaN)) {
      start++;
      continue;
    }
    let stop = start;
    while (stop < end && !Number.isNaN(line.low[stop] ?? NaN)) stop++;
    for (let i = start; i < stop; i++) {
      const px = frame.xOf(line.x[i] ?? NaN);
      const py = frame.yOf(line.high[i] ?? NaN);
      if (i === start) ctx.moveTo(px, py);
      else ctx.lineTo(px, py);
    }
    for (let i = stop - 1; i >= start; i--) ctx.lineTo(frame.xOf(line.x[i] ?? NaN), frame.yOf(line.low[i] ?? NaN));
    ctx.closePath();
    start = stop;
  }
  ctx.fillStyle = drawn.color;
  ctx.globalAlpha = alpha;
  ctx.fill();
  // the edge too: a spike of one cell is hardly wider than a hair, and must be seen all the same
  ctx.strokeStyle = drawn.color;
  ctx.lineWidth = frame.ratio;
  ctx.setLineDash([]);
  ctx.globalAlpha = Math.min(1, 2 * alpha);
  ctx.stroke();
  ctx.globalAlpha = 1;
}

/** A small cross on the x axis wherever a value was NaN or infinite. */
function drawOddMarks(ctx: CanvasRenderingContext2D, drawn: DrawnLine, frame: Frame): void {
  const { line } = drawn;
  const { from, to } = visibleCells(line, frame.range);
  const arm = 3 * frame.ratio;
  const py = frame.top + frame.height - arm - frame.ratio;
  ctx.beginPath();
  for (let i = from; i < to; i++) {
    if ((line.odd[i] ?? 0) === 0) continue;
    const px = frame.xOf(line.x[i] ?? NaN);
    ctx.moveTo(px - arm, py - arm);
    ctx.lineTo(px + arm, py + arm);
    ctx.moveTo(px - arm, py + arm);
    ctx.lineTo(px + arm, py - arm);
  }
  ctx.strokeStyle = drawn.color;
  ctx.lineWidth = 1.5 * frame.ratio;
  ctx.setLineDash([]);
  ctx.stroke();
}
