/** What holds for all charts of a page: which metrics, by step or time, logarithmic or not, how smooth, and the way out of a zoom. */
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../shell/icons.js';
import { useShortcuts } from '../shell/shortcuts.js';
import { smoothMax, type ChartView } from '../url-state.js';
import { metricMatcher } from './metric-sections.js';

export interface ChartToolbarProps {
  readonly view: ChartView;
  /** `replace` is for steps that the back button should not stop at. */
  readonly onView: (view: ChartView, replace?: boolean) => void;
}

export function ChartToolbar({ view, onView }: ChartToolbarProps) {
  const search = useRef<HTMLInputElement>(null);
  useShortcuts({ '/': () => search.current?.focus() });
  useEffect(() => {
    if (search.current !== null && search.current !== document.activeElement) search.current.value = view.find;
  }, [view.find]);
  const literal = metricMatcher(view.find).literal;
  return (
    <div class="chart-toolbar" role="toolbar" aria-label="Charts">
      <label class="search-field" title="Metrics by regular expression (/)">
        <Icon name="search" />
        <input
          ref={search}
          type="search"
          placeholder="Search metrics by regex"
          aria-label="Search metrics by regular expression"
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => onView({ ...view, find: event.currentTarget.value }, true)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
        {literal && <span class="quiet">as text</span>}
      </label>
      <div class="segments" role="group" aria-label="X axis">
        {(['step', 'time'] as const).map((x) => (
          <button
            type="button"
            key={x}
            aria-pressed={view.x === x}
            onClick={() => onView({ ...view, x, zoom: undefined })}
          >
            {x}
          </button>
        ))}
      </div>
      <button
        type="button"
        class="toggle"
        aria-pressed={view.log}
        title="Logarithmic y axis; values at or below zero stay visible"
        onClick={() => onView({ ...view, log: !view.log })}
      >
        log y
      </button>
      <label class="slider" title="Moving average over points; the logged values stay behind it">
        <span>smooth</span>
        <input
          type="range"
          min="0"
          max="100"
          step="1"
          aria-label="Smoothing"
          value={sliderOf(view.smooth)}
          onInput={(event) => onView({ ...view, smooth: weightOf(Number(event.currentTarget.value)) }, true)}
        />
        <output>{view.smooth === 0 ? 'off' : String(view.smooth)}</output>
      </label>
      {view.zoom !== undefined && (
        <button type="button" class="toggle" onClick={() => onView({ ...view, zoom: undefined })}>
          reset zoom
        </button>
      )}
    </div>
  );
}

/** The weights that matter lie close to one: the slider moves through the span of points (1 … 1000) in even steps. */
export function weightOf(slider: number): number {
  if (slider === 0) return 0;
  return Math.min(smoothMax, Math.round((1 - 10 ** (-3 * (slider / 100))) * 1000) / 1000);
}

export function sliderOf(weight: number): number {
  return weight === 0 ? 0 : Math.round((-100 / 3) * Math.log10(1 - Math.min(weight, smoothMax)));
}
