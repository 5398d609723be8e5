/** The one codec between the address bar and what a page shows: every view is a `Place`, a place is a URL, and back again without loss. */
import { readList, readNumber, readQuery, writeList, writeQuery, type Query } from './url-text.js';

export interface ChartView {
  readonly x: 'step' | 'time';
  readonly log: boolean;
  /** Weight of the past per point in [0, 0.999]; 0 draws what was logged. */
  readonly smooth: number;
  /** Regular expression over metric names. */
  readonly find: string;
  /** Shown range in units of x. */
  readonly zoom: readonly [number, number] | undefined;
  /** Prefixes whose section is folded. */
  readonly closed: readonly string[];
}

export interface SortKey {
  /** A field of the filter language, for example `metrics.loss.min`. */
  readonly field: string;
  readonly descending: boolean;
}

export interface HomePlace {
  readonly page: 'home';
  readonly find: string;
  readonly closed: readonly string[];
}

export interface RunsPlace {
  readonly page: 'runs';
  readonly experiment: string;
  readonly filter: string;
  readonly sort: readonly SortKey[];
  /** Fields shown as columns; undefined lets the page choose. */
  readonly columns: readonly string[] | undefined;
  readonly selected: readonly string[];
  readonly charts: boolean;
  readonly chart: ChartView;
}

export interface RunPlace {
  readonly page: 'run';
  readonly run: string;
  readonly chart: ChartView;
}

export interface ComparePlace {
  readonly page: 'compare';
  readonly runs: readonly string[];
  readonly reference: string | undefined;
  readonly onlyDifferent: boolean;
  /** Runs that are not drawn. */
  readonly hidden: readonly string[];
  readonly chart: ChartView;
}

export interface MissingPlace {
  readonly page: 'missing';
  readonly path: string;
}

export type Place = HomePlace | RunsPlace | RunPlace | ComparePlace | MissingPlace;

export const smoothMax = 0.999;

export const plainChart: ChartView = { x: 'step', log: false, smooth: 0, find: '', zoom: undefined, closed: [] };

export const homePlace: HomePlace = { page: 'home', find: '', closed: [] };
export const runPlace = (run: string): RunPlace => ({ page: 'run', run, chart: plainChart });
export const runsPlace = (experiment: string): RunsPlace => ({
  page: 'runs',
  experiment,
  filter: '',
  sort: [],
  columns: undefined,
  selected: [],
  charts: true,
  chart: plainChart,
});
export const comparePlace = (runs: readonly string[]): ComparePlace => ({
  page: 'compare',
  runs,
  reference: undefined,
  onlyDifferent: false,
  hidden: [],
  chart: plainChart,
});

/** `/w/<workspace>` in front of a path, or nothing: where the pages and `/api/v1` of a workspace live. */
export function basePath(pathname: string): string {
  return /^\/w\/[^/]+(?=\/|$)/.exec(pathname)?.[0] ?? '';
}

export function parsePlace(pathname: string, search: string): Place {
  const path = pathname.slice(basePath(pathname).length);
  const query = readQuery(search);
  const experiment = after(path, '/experiments/');
  const run = after(path, '/runs/');
  if (path === '' || path === '/') return { page: 'home', find: query['q'] ?? '', closed: readList(query['closed']) };
  if (experiment !== undefined) return parseRuns(experiment.text, query);
  if (path === '/experiments' && query['name'] !== undefined) return parseRuns(query['name'], query);
  if (run !== undefined && !run.slashes) return { page: 'run', run: run.text, chart: parseChart(query) };
  if (path === '/compare') {
    return {
      page: 'compare',
      runs: readList(query['runs']),
      reference: query['ref'],
      onlyDifferent: query['diff'] === '1',
      hidden: readList(query['hide']),
      chart: parseChart(query),
    };
  }
  return { page: 'missing', path };
}

/** The path and query of a place, without the workspace's base path. */
export function formatPlace(place: Place): string {
  switch (place.page) {
    case 'home':
      return '/' + writeQuery({ q: place.find, closed: writeList(place.closed) });
    case 'runs':
      // a browser takes a last segment of dots for a step upwards, however it is escaped
      return /^\.\.?$/.test(place.experiment)
        ? '/experiments' + writeQuery({ name: place.experiment, ...formatRuns(place) })
        : '/experiments/' + pathText(place.experiment) + writeQuery(formatRuns(place));
    case 'run':
      return '/runs/' + encodeURIComponent(place.run) + writeQuery(formatChart(place.chart));
    case 'compare':
      return (
        '/compare' +
        writeQuery({
          runs: writeList(place.runs),
          ref: place.reference,
          diff: place.onlyDifferent ? '1' : undefined,
          hide: writeList(place.hidden),
          ...formatChart(place.chart),
        })
      );
    case 'missing':
      return place.path;
  }
}

function parseRuns(experiment: string, query: Query): RunsPlace {
  const columns = query['cols'];
  return {
    page: 'runs',
    experiment,
    filter: query['filter'] ?? '',
    sort: readList(query['sort'])
      .map((text) =>
        text.startsWith('-') ? { field: text.slice(1), descending: true } : { field: text, descending: false },
      )
      .filter((key) => key.field !== ''),
    columns: columns === undefined ? undefined : columns === 'none' ? [] : readList(columns),
    selected: readList(query['sel']),
    charts: query['charts'] !== '0',
    chart: parseChart(query),
  };
}

function formatRuns(place: RunsPlace): Query {
  const columns = place.columns;
  return {
    filter: place.filter,
    sort: writeList(place.sort.map((key) => (key.descending ? '-' : '') + key.field)),
    cols: columns === undefined ? undefined : columns.length === 0 ? 'none' : writeList(columns),
    sel: writeList(place.selected),
    charts: place.charts ? undefined : '0',
    ...formatChart(place.chart),
  };
}

function parseChart(query: Query): ChartView {
  const smooth = readNumber(query['smooth']) ?? 0;
  const [from, to] = (query['zoom'] ?? '').split(':').map(readNumber);
  return {
    x: query['x'] === 'time' ? 'time' : 'step',
    log: query['log'] === '1',
    smooth: smooth > 0 ? Math.min(smooth, smoothMax) : 0,
    find: query['find'] ?? '',
    zoom: from !== undefined && to !== undefined && from < to ? [from, to] : undefined,
    closed: readList(query['closed']),
  };
}

function formatChart(chart: ChartView): Query {
  return {
    x: chart.x === 'step' ? undefined : chart.x,
    log: chart.log ? '1' : undefined,
    smooth: chart.smooth === 0 ? undefined : String(chart.smooth),
    find: chart.find,
    zoom: chart.zoom === undefined ? undefined : chart.zoom.map(String).join(':'),
    closed: writeList(chart.closed),
  };
}

/** What follows `prefix` in a path, decoded; undefined when it is not there, is empty or is no UTF-8. */
function after(path: string, prefix: string): { text: string; slashes: boolean } | undefined {
  if (!path.startsWith(prefix)) return undefined;
  const rest = path.slice(prefix.length);
  try {
    return rest === '' ? undefined : { text: decodeURIComponent(rest), slashes: rest.includes('/') };
  } catch {
    return undefined;
  }
}

/** A name in a path: slashes stay readable unless a browser would then rewrite the path (`//`, `.` and `..` segments). */
function pathText(name: string): string {
  const whole = encodeURIComponent(name);
  return name.split('/').some((part) => part === '' || part === '.' || part === '..')
    ? whole
    : whole.replaceAll('%2F', '/');
}
