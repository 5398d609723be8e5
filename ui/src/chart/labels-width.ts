/** How wide a value axis has to be for its labels, in CSS pixels. */

const least = 36;
const air = 12;

export function labelsWidth(ctx: CanvasRenderingContext2D, labels: readonly string[] | null, font: string): number {
  if (labels === null) return least;
  ctx.save();
  ctx.font = font;
  const widest = Math.max(0, ...labels.map((text) => ctx.measureText(text).width));
  ctx.restore();
  return Math.ceil(Math.max(least, widest + air));
}
