/** All charts of a page: the toolbar, then sections by metric prefix whose cards are mounted as they come near the viewport. */
import { useMemo, useRef } from 'preact/hooks';
import { px } from '../px.js';
import { Icon } from '../shell/icons.js';
import { Notice } from '../shell/notice.js';
import type { ChartView } from '../url-state.js';
import { ChartCard } from './chart-card.js';
import { ChartToolbar } from './chart-toolbar.js';
import type { ChartRun } from './drawn-line.js';
import type { Extent } from './line-range.js';
import { metricSections } from './metric-sections.js';
import { useNearViewport } from './near-viewport.js';

export interface ChartPanelProps {
  readonly runs: readonly ChartRun[];
  readonly hidden?: ReadonlySet<string>;
  readonly metrics: readonly string[];
  readonly view: ChartView;
  readonly onView: (view: ChartView, replace?: boolean) => void;
  readonly height?: number;
}

const noneHidden: ReadonlySet<string> = new Set();

export function ChartPanel({ runs, hidden = noneHidden, metrics, view, onView, height = 190 }: ChartPanelProps) {
  const sections = useMemo(() => metricSections(metrics, view.find), [metrics, view.find]);
  const closed = new Set(view.closed);
  const zoom = (range: Extent | undefined) =>
    onView({ ...view, zoom: range === undefined ? undefined : [range.min, range.max] });
  const fold = (prefix: string) =>
    onView(
      { ...view, closed: closed.has(prefix) ? view.closed.filter((one) => one !== prefix) : [...view.closed, prefix] },
      true,
    );
  return (
    <div class="chart-panel">
      <ChartToolbar view={view} onView={onView} />
      {sections.length === 0 && metrics.length > 0 && (
        <Notice title={`No metric matches ${view.find}`}>
          <button type="button" class="button" onClick={() => onView({ ...view, find: '' })}>
            Show all {metrics.length}
          </button>
        </Notice>
      )}
      {sections.map(({ prefix, keys }) => (
        <section key={prefix} class="chart-section" aria-label={prefix === '' ? 'metrics' : prefix}>
          {(sections.length > 1 || prefix !== '') && (
            <h3>
              <button type="button" aria-expanded={!closed.has(prefix)} onClick={() => fold(prefix)}>
                <Icon name="chevron" />
                {prefix === '' ? 'metrics' : prefix}
                <span class="quiet">{keys.length}</span>
              </button>
            </h3>
          )}
          {!closed.has(prefix) && (
            <div class="chart-grid">
              {keys.map((metric) => (
                <Slot key={metric} height={height}>
                  {() => (
                    <ChartCard
                      metric={metric}
                      title={prefix === '' ? metric : metric.slice(prefix.length + 1)}
                      runs={runs}
                      hidden={hidden}
                      view={view}
                      height={height}
                      onZoom={zoom}
                    />
                  )}
                </Slot>
              ))}
            </div>
          )}
        </section>
      ))}
    </div>
  );
}

const headHeight = 34;

/** Keeps the place of a card, so that the page does not move when it is mounted. */
function Slot({ height, children }: { readonly height: number; readonly children: () => preact.ComponentChild }) {
  const element = useRef<HTMLDivElement>(null);
  const near = useNearViewport(element);
  return (
    <div ref={element} class="chart-slot" style={{ minHeight: px(height + headHeight) }}>
      {near && children()}
    </div>
  );
}
