/** Which line is which, where colours alone do not say it: several contexts of one run. */
import { formatCount } from '../format/number.js';
import type { DrawnLine } from './drawn-line.js';

const linesShown = 8;

export function ChartLegend({ lines }: { readonly lines: readonly DrawnLine[] }) {
  return (
    <ul class="chart-legend">
      {lines.slice(0, linesShown).map(({ line, label, color, dash }) => (
        <li key={line.id}>
          <svg class="line-sample" viewBox="0 0 18 2" aria-hidden="true">
            <line x1="0" y1="1" x2="18" y2="1" stroke={color} stroke-dasharray={dash.join(' ')} />
          </svg>
          {label}
        </li>
      ))}
      {lines.length > linesShown && <li class="quiet">and {formatCount(lines.length - linesShown)} more</li>}
    </ul>
  );
}
