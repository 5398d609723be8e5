/** What the pointer is over: the exact x, each line's value by size, the nearest line in bold, NaN and infinities counted. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { formatCount, formatExact, formatNumber, formatShort } from '../format/number.js';
import { formatMoment } from '../format/time.js';
import { px } from '../px.js';
import type { Hover, HoverRow } from './hover.js';

export interface ChartTooltipProps {
  readonly x: 'step' | 'time';
  readonly hover: Hover;
  readonly left: number;
  readonly top: number;
  readonly boxWidth: number;
}

const rowsShown = 12;
const gap = 14;

export function ChartTooltip({ x, hover, left, top, boxWidth }: ChartTooltipProps) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const width = element.offsetWidth;
    const right = left + gap;
    const leftwards = left - gap - width;
    const beside = right + width <= boxWidth ? right : leftwards >= 0 ? leftwards : undefined;
    // with no room at either side it goes below the pointer, as far as the card reaches
    const at = beside ?? Math.max(0, Math.min(left - width / 2, boxWidth - width));
    const height = beside === undefined ? top + gap : top - gap;
    element.style.transform = `translate(${px(Math.round(at))}, ${px(Math.round(height))})`;
  });
  const lead = hover.rows.find((row) => row.id === hover.nearest) ?? hover.rows[0];
  if (lead === undefined) return null;
  const rows = shownRows(hover);
  return (
    <div class="tooltip" ref={box}>
      <div class="tooltip-x">{xText(x, lead)}</div>
      <table>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id} class={row.id === hover.nearest ? 'tooltip-near' : ''}>
              <td>
                <Swatch color={row.color} />
              </td>
              <td class="tooltip-label">{row.label}</td>
              <td class="number" title={formatExact(row.value)}>
                {Number.isNaN(row.value) ? '–' : formatShort(row.value)}
              </td>
              <td class="number quiet">
                {row.width > 0 && row.low < row.high
                  ? `${formatNumber(row.low, 3)} … ${formatNumber(row.high, 3)}`
                  : ''}
              </td>
              <td class="tooltip-odd">{row.odd > 0 ? `${formatCount(row.odd)} NaN/∞` : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length < hover.rows.length && <div class="quiet">and {hover.rows.length - rows.length} more</div>}
    </div>
  );
}

/** The rows around the nearest line when there are too many. */
function shownRows(hover: Hover): readonly HoverRow[] {
  if (hover.rows.length <= rowsShown) return hover.rows;
  const near = Math.max(
    0,
    hover.rows.findIndex((row) => row.id === hover.nearest),
  );
  const start = Math.min(Math.max(0, near - rowsShown / 2), hover.rows.length - rowsShown);
  return hover.rows.slice(start, start + rowsShown);
}

function xText(x: 'step' | 'time', row: HoverRow): string {
  if (x === 'time') return formatMoment(row.x) + (row.width > 0 ? ` + ${formatCount(row.width / 1000)} s` : '');
  const from = formatNumber(row.x, 12);
  if (row.width <= 1) return `step ${from}`;
  return `steps ${from} – ${formatCount(row.x + row.width - 1)} · ${formatCount(row.points)} points`;
}

/** A colour that is computed cannot come from a class: it is set on the element, which the content security policy allows. */
function Swatch({ color }: { readonly color: string }) {
  return <span class="swatch" style={{ background: color }} />;
}
