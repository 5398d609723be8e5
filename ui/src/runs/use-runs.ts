/** The runs of an experiment as the table shows them: asked by filter, order and columns, kept level while runs move. */
import { useComputed, useSignal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { createThrottle } from '../data/throttle.js';
import { useApp } from '../shell/app-context.js';
import type { RunsPlace } from '../url-state.js';
import { fieldOf, type Column } from './columns.js';
import { RunPages, type PagesView } from './run-pages.js';

export interface RunsInSight {
  readonly view: ReadonlySignal<PagesView>;
  /** Rows that are in sight now: what live updates keep level, and where more is loaded when the end comes near. */
  readonly seen: (first: number, last: number) => void;
  readonly retry: () => void;
}

const liveIntervalMs = 1500;
const nearEndRows = 60;

/** `columns` undefined: not known yet, nothing is asked. */
export function useRuns(
  place: RunsPlace,
  columns: readonly Column[] | undefined,
  onNewMetric: () => void,
): RunsInSight {
  const app = useApp();
  const pages = useSignal<RunPages | undefined>(undefined);
  const waiting: PagesView = { rows: [], total: undefined, more: false, loading: true, failure: undefined };
  const view = useComputed(() => pages.value?.view.value ?? waiting);
  const sight = useRef({ first: 0, last: 0 });
  const fields = columns?.filter((column) => column.kind !== 'field').map(fieldOf);
  const question =
    fields === undefined ? undefined : JSON.stringify([place.experiment, place.filter, place.sort, fields]);
  const attempt = useSignal(0);
  const onNew = useRef(onNewMetric);
  onNew.current = onNewMetric;

  useEffect(() => {
    if (question === undefined || fields === undefined) return undefined;
    const next = new RunPages(
      ({ cursor, limit }, signal) =>
        app.api.search(
          {
            experiments: [place.experiment],
            ...(place.filter.trim() === '' ? {} : { filter: place.filter }),
            orderBy: place.sort.map((key) => `${key.field} ${key.descending ? 'DESC' : 'ASC'}`),
            limit,
            columns: fields,
            ...(cursor === undefined ? {} : { cursor }),
          },
          signal,
        ),
      pages.peek()?.view.peek(),
    );
    pages.value = next;
    const refresh = createThrottle(app.clock, liveIntervalMs, () =>
      next.refresh(sight.current.first, sight.current.last),
    );
    const deafen = app.live.listen({
      onEvent: (event) => {
        refresh.trigger();
        const known = next.view.peek().rows;
        if (event.points.some((point) => fields.length > 0 && isNews(known, point))) onNew.current();
      },
      onGap: (first) => {
        if (!first || next.view.peek().rows.some((run) => run.status === 'running')) refresh.trigger();
      },
    });
    return () => {
      deafen();
      refresh.stop();
      next.stop();
    };
  }, [question, attempt.value]);

  const seen = (first: number, last: number) => {
    sight.current = { first, last };
    const current = pages.peek();
    const shown = current?.view.peek();
    if (current === undefined || shown === undefined) return;
    void current.seen(first, last);
    if (shown.more && !shown.loading && last >= shown.rows.length - nearEndRows) void current.more();
  };
  return {
    view,
    seen,
    retry: () => {
      attempt.value += 1;
    },
  };
}

/** The first points of a key in a run without any: perhaps a metric that nobody had before. */
const isNews = (rows: PagesView['rows'], point: { readonly run: string }): boolean => {
  const run = rows.find((row) => row.id === point.run);
  return run === undefined || Object.keys(run.metrics).length === 0;
};
