/** The questions that pages ask, typed by the server's own schemas. */
import type {
  ColumnsAnswer,
  CompareAnswer,
  ExperimentsAnswer,
  RunAnswer,
  SearchAnswer,
  SeriesAnswer,
} from '../../../query/api.js';
import type { Http } from './http.js';

export interface SearchQuestion {
  readonly experiments?: readonly string[];
  readonly filter?: string;
  readonly orderBy?: readonly string[];
  readonly limit?: number;
  readonly cursor?: string;
  readonly columns?: readonly string[];
}

export interface SeriesQuestion {
  readonly runs: readonly string[];
  readonly keys: readonly string[];
  readonly x: 'step' | 'time';
  readonly from?: number;
  readonly to?: number;
  readonly buckets: number;
}

export interface CompareQuestion {
  readonly runs: readonly string[];
  readonly reference?: string;
  readonly onlyDifferent?: boolean;
}

export interface Api {
  experiments(signal?: AbortSignal): Promise<ExperimentsAnswer>;
  columns(experiment: string, signal?: AbortSignal): Promise<ColumnsAnswer>;
  search(question: SearchQuestion, signal?: AbortSignal): Promise<SearchAnswer>;
  run(id: string, signal?: AbortSignal): Promise<RunAnswer>;
  series(question: SeriesQuestion, signal?: AbortSignal): Promise<SeriesAnswer>;
  compare(question: CompareQuestion, signal?: AbortSignal): Promise<CompareAnswer>;
  /** Addresses of live streams. */
  liveOfExperiment(experiment: string): string;
  liveOfRuns(runs: readonly string[]): string;
}

/** `base` is the workspace's path, empty for the default one. */
export function createApi(http: Http, base: string): Api {
  const root = `${base}/api/v1`;
  const get = <T>(path: string, signal?: AbortSignal) => http.ask<T>('GET', root + path, signal ? { signal } : {});
  const post = <T>(path: string, body: unknown, signal?: AbortSignal) =>
    http.ask<T>('POST', root + path, signal ? { body, signal } : { body });
  return {
    experiments: (signal) => get('/experiments', signal),
    columns: (experiment, signal) => get(`/columns?experiment=${encodeURIComponent(experiment)}`, signal),
    search: (question, signal) => post('/search', question, signal),
    run: (id, signal) => get(`/runs/${encodeURIComponent(id)}`, signal),
    series: (question, signal) => post('/series', question, signal),
    compare: (question, signal) => post('/compare', question, signal),
    liveOfExperiment: (experiment) => `${root}/live?experiment=${encodeURIComponent(experiment)}`,
    liveOfRuns: (runs) => `${root}/live?runs=${runs.map(encodeURIComponent).join(',')}`,
  };
}
