/**
 * The one chart of lines: axes, zoom and crosshair by uPlot, the lines traced by draw-lines.ts so that each keeps its own x.
 * Nothing else imports uPlot. What is drawn can be read from data attributes (`data-series`, `data-redraws`): min, max and last
 * of each line in the shown range.
 */
import { useSignalEffect, type ReadonlySignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import './line-chart.css';
import { useApp } from '../shell/app-context.js';
import { drawEmphasis, drawLines, type Frame } from './draw-lines.js';
import type { DrawnLine } from './drawn-line.js';
import { hoverAt, type Hover } from './hover.js';
import { asinhThreshold, padded, roundedRange, scaleKind, yExtent, type Extent, type ScaleKind } from './line-range.js';
import { ChartTooltip } from './chart-tooltip.js';
import { stepTick, valueLabels } from './ticks.js';
import { labelsWidth } from './labels-width.js';
import { describeLines } from './describe-lines.js';

export interface LineChartProps {
  readonly lines: readonly DrawnLine[];
  readonly x: 'step' | 'time';
  /** Shown range of x. */
  readonly range: Extent;
  readonly log: boolean;
  readonly height: number;
  /** What the picture shows, for readers who cannot see it. */
  readonly label: string;
  readonly onZoom: (range: Extent) => void;
  readonly onReset: () => void;
}

const nearPixels = 30;
const emphasisWait = 1;

export function LineChart(props: LineChartProps) {
  const app = useApp();
  const theme = app.theme.value;
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | undefined>(undefined);
  const [hover, setHover] = useState<PlacedHover>();
  const latest = useRef(props);
  latest.current = props;

  const extent = yExtent(
    props.lines.map((drawn) => drawn.line),
    props.range,
  );
  const kind = scaleKind(props.log, extent);
  const threshold = kind === 'asinh' && extent !== undefined ? asinhThreshold(extent) : 1;

  // axes and scales are fixed when a chart is made: a new kind makes a new one
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const made = createChart(element, latest, kind, threshold, (next) => {
      setHover(next);
      app.pointed.value = next?.hover.rows.find((row) => row.id === next.hover.nearest)?.run;
    });
    chart.current = made;
    const observer = new ResizeObserver(() => {
      made.resize();
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = undefined;
    };
  }, [kind, threshold, props.x, theme]);

  useEffect(() => {
    chart.current?.update();
  }, [props.lines, props.range, props.height]);

  useEmphasis(app.pointed, chart);

  return (
    <div class="line-chart" ref={box} role="img" aria-label={props.label} data-scale={kind}>
      {hover !== undefined && <ChartTooltip x={props.x} {...hover} />}
    </div>
  );
}

/** Redraws only the overlay when another run is pointed at. */
function useEmphasis(
  pointed: ReadonlySignal<string | undefined>,
  chart: { readonly current: Chart | undefined },
): void {
  useSignalEffect(() => {
    chart.current?.emphasize(pointed.value);
  });
}

export interface PlacedHover {
  readonly hover: Hover;
  readonly left: number;
  readonly top: number;
  readonly boxWidth: number;
}

interface Chart {
  update(): void;
  resize(): void;
  emphasize(run: string | undefined): void;
  destroy(): void;
}

function createChart(
  element: HTMLDivElement,
  latest: { readonly current: LineChartProps },
  kind: ScaleKind,
  threshold: number,
  onHover: (hover: PlacedHover | undefined) => void,
): Chart {
  const style = getComputedStyle(element);
  const ink = style.getPropertyValue('--ink-quiet').trim();
  const grid = style.getPropertyValue('--line-faint').trim();
  const page = style.getPropertyValue('--page').trim();
  const font = `11px ${style.fontFamily}`;
  const overlay = document.createElement('canvas');
  overlay.className = 'line-chart-overlay';
  let redraws = 0;
  let hovered = false;

  const yRange = (): uPlot.Range.MinMax => {
    const { lines, range } = latest.current;
    const extent = yExtent(
      lines.map((drawn) => drawn.line),
      range,
    );
    if (extent === undefined || (kind === 'log' && extent.min <= 0)) return kind === 'log' ? [0.1, 10] : [0, 1];
    const { min, max } = padded(extent, kind);
    return [min, max];
  };
  const frameOf = (u: uPlot): Frame => ({
    left: u.bbox.left,
    top: u.bbox.top,
    width: u.bbox.width,
    height: u.bbox.height,
    ratio: uPlot.pxRatio,
    range: latest.current.range,
    xOf: (x) => u.valToPos(x, 'x', true),
    yOf: (y) => u.valToPos(y, 'y', true),
  });
  const describe = (): void => {
    const { lines, range } = latest.current;
    redraws += 1;
    element.dataset['redraws'] = String(redraws);
    element.dataset['range'] = `${String(range.min)}:${String(range.max)}`;
    element.dataset['series'] = describeLines(lines, range);
  };
  const size = () => ({ width: Math.max(120, element.clientWidth), height: latest.current.height });
  const axis: uPlot.Axis = { stroke: ink, font, grid: { stroke: grid, width: 1 }, ticks: { show: false } };

  const u = new uPlot(
    {
      ...size(),
      ms: 1,
      legend: { show: false },
      padding: [8, 10, 0, 0],
      scales: {
        x: { time: latest.current.x === 'time', range: () => [latest.current.range.min, latest.current.range.max] },
        y: { distr: kind === 'linear' ? 1 : kind === 'log' ? 3 : 4, asinh: threshold, range: yRange },
      },
      axes: [
        {
          ...axis,
          size: 26,
          gap: 4,
          ...(latest.current.x === 'time'
            ? {}
            : {
                space: 60,
                values: (_u, splits, _axis, _space, increment) => splits.map((at) => stepTick(at, increment)),
              }),
        },
        {
          ...axis,
          gap: 6,
          size: (self, values) => labelsWidth(self.ctx, values, font),
          space: 28,
          values: (self, splits, _axis, _space, increment) => {
            const yOf = (value: number) => self.valToPos(value, 'y');
            return valueLabels(kind, splits, increment, yOf);
          },
        },
      ],
      series: [{}, { scale: 'y', points: { show: false }, paths: () => null }],
      cursor: {
        points: { show: false },
        y: false,
        drag: { x: true, y: false, setScale: false, dist: 4 },
        // the crosshair is shared, a drag is not: else every chart of the page would zoom once more
        sync: {
          key: `x-${latest.current.x}`,
          scales: ['x', null],
          setSeries: false,
          filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' },
        },
        bind: {
          dblclick: () => () => {
            latest.current.onReset();
            return null;
          },
        },
      },
      hooks: {
        draw: [
          (self) => {
            drawLines(self.ctx, latest.current.lines, frameOf(self));
            describe();
          },
        ],
        setSelect: [
          (self) => {
            if (self.select.width < 1) return;
            const min = self.posToVal(self.select.left, 'x');
            const max = self.posToVal(self.select.left + self.select.width, 'x');
            self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            latest.current.onZoom(roundedRange({ min, max }));
          },
        ],
        setCursor: [
          (self) => {
            const { left = -1, top = -1 } = self.cursor;
            // only the chart under the pointer explains itself; the others follow with their crosshair
            if (left < 0 || top < 0 || !self.over.matches(':hover')) {
              if (hovered) onHover(undefined);
              hovered = false;
              return;
            }
            hovered = true;
            const { lines, range } = latest.current;
            const distance = (value: number) => Math.abs(self.valToPos(value, 'y') - top);
            const hover = hoverAt(lines, self.posToVal(left, 'x'), range, distance, nearPixels);
            const offset = self.bbox.left / uPlot.pxRatio;
            const place = { left: left + offset, top: top + self.bbox.top / uPlot.pxRatio, boxWidth: self.width };
            onHover(hover.rows.length === 0 ? undefined : { hover, ...place });
          },
        ],
      },
    },
    [
      [latest.current.range.min, latest.current.range.max],
      [null, null],
    ],
    element,
  );
  u.root.append(overlay);

  const chart: Chart = {
    update() {
      const { range, height } = latest.current;
      if (height !== u.height) u.setSize(size());
      u.setData([
        [range.min, range.max],
        [null, null],
      ]);
    },
    resize() {
      if (element.clientWidth > 0 && element.clientWidth !== u.width) u.setSize(size());
    },
    emphasize(run) {
      const lines = latest.current.lines.filter((drawn) => drawn.line.run === run);
      overlay.width = u.ctx.canvas.width;
      overlay.height = u.ctx.canvas.height;
      const context = overlay.getContext('2d');
      if (context === null || lines.length === 0 || latest.current.lines.length <= emphasisWait) return;
      for (const drawn of lines) drawEmphasis(context, drawn, frameOf(u), page);
    },
    destroy() {
      u.destroy();
    },
  };
  return chart;
}
