/** One metric of some runs as a card: its data, its curve, and the mark that says how fine it is. */
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { limits } from '../../../runtime/limits.js';
import { useApp } from '../shell/app-context.js';
import { Skeleton } from '../shell/notice.js';
import type { ChartView } from '../url-state.js';
import { ChartLegend } from './chart-legend.js';
import { drawnLines, type ChartRun } from './drawn-line.js';
import { coarseness, linesOf } from './line-data.js';
import { LineChart } from './line-chart.js';
import { xExtent, type Extent } from './line-range.js';
import { SeriesFeed, type FeedState } from './series-feed.js';

export interface ChartCardProps {
  readonly metric: string;
  /** What stands before the last `/` is said by the section. */
  readonly title: string;
  readonly runs: readonly ChartRun[];
  readonly hidden: ReadonlySet<string>;
  readonly view: ChartView;
  readonly height: number;
  readonly onZoom: (range: Extent | undefined) => void;
}

export function ChartCard({ metric, title, runs, hidden, view, height, onZoom }: ChartCardProps) {
  const app = useApp();
  const box = useRef<HTMLElement>(null);
  const state = useSeries(metric, runs, view, box).value;
  const { answer } = state;
  const theme = app.theme.value;
  const lines = useMemo(() => (answer === undefined ? [] : linesOf(answer)), [answer]);
  const drawn = useMemo(
    () => drawnLines(lines, runs, theme, view.smooth).filter(({ line }) => !hidden.has(line.run)),
    [lines, runs, theme, view.smooth, hidden],
  );
  const whole = xExtent(lines);
  const range = useMemo(() => shownRange(view.zoom, whole), [view.zoom, whole?.min, whole?.max]);
  const empty = answer !== undefined && range !== undefined && drawn.every(({ line }) => line.x.length === 0);

  return (
    <article
      class="chart-card"
      ref={box}
      data-metric={metric}
      data-loading={String(state.loading)}
      aria-busy={state.loading}
    >
      <header class="chart-card-head">
        <h4 title={metric}>{title}</h4>
        {answer !== undefined && !empty && (
          <span class="chart-card-mark" title={markTitle(answer.width, answer.mapping, view.x)}>
            {coarseness(lines)}
          </span>
        )}
      </header>
      {answer === undefined ? (
        state.failure === undefined ? (
          <Skeleton lines={1} label={`Loading ${metric}`} />
        ) : (
          <p class="chart-card-note" role="alert">
            {state.failure.message}
          </p>
        )
      ) : empty || range === undefined ? (
        <p class="chart-card-note">{view.zoom === undefined ? 'No points yet.' : 'No points in this range.'}</p>
      ) : (
        <LineChart
          lines={drawn}
          x={view.x}
          range={range}
          log={view.log}
          height={height}
          label={`${metric} of ${String(drawn.length)} ${drawn.length === 1 ? 'line' : 'lines'} by ${view.x}`}
          onZoom={onZoom}
          onReset={() => onZoom(undefined)}
        />
      )}
      {drawn.some(({ line }) => line.context !== '') && <ChartLegend lines={drawn} />}
    </article>
  );
}

/** The chart's data; the former answer stays drawn until the next one is there, also across a change of runs or zoom. */
function useSeries(
  metric: string,
  runs: readonly ChartRun[],
  view: ChartView,
  box: { readonly current: HTMLElement | null },
) {
  const app = useApp();
  const feed = useSignal<SeriesFeed | undefined>(undefined);
  const nothing: FeedState = { answer: undefined, failure: undefined, loading: true };
  const state = useComputed(() => feed.value?.state.value ?? nothing);
  const shown = runs.slice(0, limits.seriesRunsMax).map((run) => run.id);
  const [from, to] = view.zoom ?? [];
  const asked = JSON.stringify([shown, view.x, from, to]);
  const cacheKey = `series ${metric} ${asked}`;

  useEffect(() => {
    const buckets = bucketsFor(box.current?.clientWidth ?? 0);
    const question = {
      runs: shown,
      keys: [metric],
      x: view.x,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      buckets,
    };
    const known = app.cache.get(cacheKey) as FeedState['answer'];
    const next = new SeriesFeed({ series: app.api.series, clock: app.clock }, question, known ?? state.peek().answer);
    feed.value = next;
    const deafen = app.live.listen({
      onEvent: (event) => next.hear(event),
      onGap: (first) => {
        if (!first) next.refetch();
      },
    });
    return () => {
      deafen();
      next.stop();
    };
  }, [metric, asked]);

  useSignalEffect(() => {
    const { answer, loading } = state.value;
    if (answer !== undefined && !loading) app.cache.set(cacheKey, answer);
  });
  return state;
}

/** About one cell per two pixels, in few sizes, so that resizing does not ask again. */
function bucketsFor(width: number): number {
  return Math.min(limits.seriesBucketsDefault, Math.max(200, Math.ceil(width / 200) * 200));
}

function shownRange(zoom: ChartView['zoom'], whole: Extent | undefined): Extent | undefined {
  if (zoom !== undefined) return { min: zoom[0], max: zoom[1] };
  if (whole === undefined) return undefined;
  return whole.min === whole.max ? { min: whole.min - 0.5, max: whole.max + 0.5 } : whole;
}

function markTitle(width: number, mapping: string, x: 'step' | 'time'): string {
  if (width === 0) return 'Every point is drawn.';
  const cell = x === 'time' ? `${String(width)} ms` : `${String(width)} steps`;
  const how = mapping === 'exact' ? '' : ' Cells are placed by their first and last times.';
  return `Cells of ${cell}: the line is each cell’s last value, the band its least to greatest. Zoom in for every point.${how}`;
}
