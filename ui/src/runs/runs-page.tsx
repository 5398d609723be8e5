/** The runs of an experiment: filter, table, and the charts of what is ticked or on top. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { ColumnsAnswer } from '../../../query/api.js';
import { ChartPanel } from '../chart/lazy-chart-panel.js';
import { createThrottle } from '../data/throttle.js';
import { useLoad } from '../data/use-load.js';
import { formatCount } from '../format/number.js';
import { useApp } from '../shell/app-context.js';
import { Icon } from '../shell/icons.js';
import { FailureNotice, Notice, Skeleton } from '../shell/notice.js';
import { useShortcuts } from '../shell/shortcuts.js';
import { Splitter } from '../shell/splitter.js';
import { TopBar } from '../shell/top-bar.js';
import { DataTable } from '../table/data-table.js';
import { comparePlace, runPlace, type ChartView, type RunsPlace } from '../url-state.js';
import { ColumnPicker } from './column-picker.js';
import { columnOf, fieldOf, usualColumns, type Column } from './columns.js';
import { FilterBox } from './filter-box.js';
import { nameColumn, runColumns } from './run-columns.js';
import { fit, tick } from './selection.js';
import { useRuns } from './use-runs.js';

/** Without ticks, this many runs from the top are drawn. */
const chartedRuns = 10;

export function RunsPage({ place }: { readonly place: RunsPlace }) {
  const app = useApp();
  const known = useLoad(
    `columns ${place.experiment}`,
    (signal) => app.api.columns(place.experiment, signal),
    app.cache,
  );
  const columnsAnswer = known.state.value.value;
  const columns = useColumns(place, columnsAnswer);
  const learn = useMemo(() => createThrottle(app.clock, 3000, known.reload), []);
  const runs = useRuns(place, columns, () => learn.trigger());
  const view = runs.view.value;
  const current = useSignal<number | undefined>(undefined);
  const anchor = useSignal<string | undefined>(undefined);
  const notice = useSignal<string | undefined>(undefined);
  useEffect(() => app.live.follow(app.api.liveOfExperiment(place.experiment)), [place.experiment]);
  useEffect(() => {
    document.title = `${place.experiment} · Runlog`;
  }, [place.experiment]);

  const change = (part: Partial<RunsPlace>, replace = false) => app.go({ ...place, ...part }, replace);
  const setColumns = (next: readonly Column[]) => change({ columns: next.map(fieldOf) });
  const tickRun = (run: string, shift: boolean) => {
    const ids = view.rows.map((row) => row.id);
    const next = tick(place.selected, ids, run, shift ? anchor.value : undefined);
    anchor.value = run;
    notice.value = next.full
      ? `A comparison holds ${formatCount(next.selected.length)} of these runs at most.`
      : undefined;
    change({ selected: next.selected }, true);
  };
  const compare = () => {
    if (place.selected.length > 0) app.go(comparePlace(place.selected));
  };
  const move = (by: number) => {
    const last = view.rows.length - 1;
    if (last < 0) return;
    current.value = current.value === undefined ? 0 : Math.min(last, Math.max(0, current.value + by));
    app.pointed.value = view.rows[current.value]?.id;
  };
  const currentRun = () => (current.value === undefined ? undefined : view.rows[current.value]);
  useShortcuts({
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    x: (event) => {
      const run = currentRun();
      if (run !== undefined) tickRun(run.id, event.shiftKey);
    },
    Enter: () => {
      const run = currentRun();
      if (run !== undefined) app.go(runPlace(run.id));
    },
    c: compare,
    Escape: () => change({ selected: [] }, true),
  });

  const selected = useMemo(() => new Set(place.selected), [place.selected]);
  const charted = useMemo(() => {
    const names = new Map(view.rows.map((row) => [row.id, row.name]));
    const ids =
      place.selected.length > 0 ? fit(place.selected).selected : view.rows.slice(0, chartedRuns).map((row) => row.id);
    return ids.map((id) => ({ id, name: names.get(id) ?? '' }));
  }, [
    place.selected.join(),
    view.rows
      .slice(0, chartedRuns)
      .map((row) => `${row.id} ${row.name}`)
      .join(),
  ]);
  const metrics = useMemo(() => (columnsAnswer?.metrics ?? []).map((metric) => metric.name), [columnsAnswer]);
  const now = app.now.value;
  const table = useMemo(
    () =>
      runColumns({
        columns: columns ?? [],
        rows: view.rows,
        sort: place.sort,
        now,
        onSort: (sort) => change({ sort }),
        onReplace: (before, after) => setColumns((columns ?? []).map((one) => (one === before ? after : one))),
      }),
    [columns, view.rows, place, now],
  );
  const pinned = useMemo(
    () =>
      nameColumn({
        width: 210,
        selected,
        sort: place.sort,
        onSort: (sort) => change({ sort }),
        onTick: tickRun,
        onClear: () => change({ selected: [] }, true),
      }),
    [selected, place, view.rows],
  );
  const failure = view.failure ?? (columnsAnswer === undefined ? known.state.value.failure : undefined);
  const filterFailed = failure !== undefined && 'problem' in failure && place.filter !== '';

  return (
    <>
      <TopBar crumbs={[{ label: place.experiment }]} />
      <main class="runs-page">
        <div class="toolbar">
          <FilterBox
            filter={place.filter}
            failure={failure}
            onFilter={(filter, settled) => {
              if (filter !== place.filter) change({ filter }, !settled);
            }}
          />
          <ColumnPicker
            known={columnsAnswer}
            shown={columns ?? []}
            onColumns={(fields) => change({ columns: fields })}
          />
          <button
            type="button"
            class="button"
            aria-pressed={place.charts}
            onClick={() => change({ charts: !place.charts }, true)}
          >
            <Icon name="chart" />
            Charts
          </button>
          <button
            type="button"
            class="button button-strong"
            disabled={place.selected.length === 0}
            onClick={compare}
            title="Compare the ticked runs (c)"
          >
            Compare{place.selected.length > 0 ? ` ${formatCount(place.selected.length)}` : ''}
          </button>
          <span class="toolbar-total" role="status" data-total={view.total}>
            {view.total === undefined ? '' : `${formatCount(view.total)} ${view.total === 1 ? 'run' : 'runs'}`}
            {place.charts &&
              charted.length > 0 &&
              place.selected.length === 0 &&
              charted.length < (view.total ?? 0) &&
              `, first ${formatCount(charted.length)} drawn`}
          </span>
          {notice.value !== undefined && <span class="toolbar-notice">{notice.value}</span>}
        </div>
        <Splitter
          name="runs-charts"
          share={60}
          start={
            failure !== undefined && !filterFailed && view.rows.length === 0 ? (
              <FailureNotice failure={failure} retry={runs.retry} />
            ) : (
              <DataTable
                label={`Runs of ${place.experiment}`}
                rows={view.rows}
                rowKey={(run) => run.id}
                pinned={pinned}
                columns={table}
                {...(view.total === undefined ? {} : { total: view.total })}
                selected={selected}
                {...(current.value === undefined ? {} : { current: current.value })}
                onOpen={(run) => app.go(runPlace(run.id))}
                onPoint={(run) => {
                  app.pointed.value = run?.id;
                }}
                onSeen={runs.seen}
                headerHeight={44}
                footer={
                  <TableFoot
                    loading={view.loading || columns === undefined}
                    empty={view.rows.length === 0 && !filterFailed}
                    filter={place.filter}
                    onClearFilter={() => change({ filter: '' })}
                  />
                }
              />
            )
          }
          end={
            place.charts && metrics.length > 0 && charted.length > 0 ? (
              <ChartPanel
                runs={charted}
                metrics={metrics}
                view={place.chart}
                height={150}
                onView={(chart: ChartView, replace?: boolean) => change({ chart }, replace)}
              />
            ) : undefined
          }
        />
      </main>
    </>
  );
}

/** The chosen columns, or the usual ones as soon as it is known what there is. */
function useColumns(place: RunsPlace, known: ColumnsAnswer | undefined) {
  const chosen = place.columns?.join('\n');
  const usual = known === undefined ? undefined : usualColumns(known).map(fieldOf).join('\n');
  return useMemo(() => {
    const fields = place.columns ?? (known === undefined ? undefined : usualColumns(known).map(fieldOf));
    return fields?.flatMap((field) => columnOf(field) ?? []);
  }, [chosen, usual]);
}

interface TableFootProps {
  readonly loading: boolean;
  readonly empty: boolean;
  readonly filter: string;
  readonly onClearFilter: () => void;
}

function TableFoot({ loading, empty, filter, onClearFilter }: TableFootProps) {
  if (loading) return empty ? <Skeleton lines={12} label="Loading runs" /> : <p class="quiet table-more">Loading…</p>;
  if (!empty) return null;
  if (filter === '') return <Notice title="No runs here yet" />;
  return (
    <Notice title="No run matches the filter">
      <button type="button" class="button" onClick={onClearFilter}>
        Clear the filter
      </button>
    </Notice>
  );
}
