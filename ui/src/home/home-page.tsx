/** All experiments as folders, with what runs now; an empty server teaches how to log the first run. */
import { useEffect, useMemo } from 'preact/hooks';
import type { ExperimentRow } from '../../../query/api.js';
import { useLoad } from '../data/use-load.js';
import { formatCount } from '../format/number.js';
import { formatAgo, formatMoment } from '../format/time.js';
import { px } from '../px.js';
import { StatusMark } from '../runs/status-mark.js';
import { RunName, RunSwatch } from '../runs/run-name.js';
import { useApp } from '../shell/app-context.js';
import { Icon } from '../shell/icons.js';
import { FailureNotice, Notice, Skeleton } from '../shell/notice.js';
import { PlaceLink } from '../shell/place-link.js';
import { useShortcuts } from '../shell/shortcuts.js';
import { TopBar } from '../shell/top-bar.js';
import { runsPlace, type HomePlace } from '../url-state.js';
import { FirstRun } from './first-run.js';
import { folderRows, type TreeRow } from './folder-tree.js';

const refreshMs = 5000;
const recentRuns = 8;

export function HomePage({ place }: { readonly place: HomePlace }) {
  const app = useApp();
  const experiments = useLoad('experiments', (signal) => app.api.experiments(signal), app.cache);
  const recent = useLoad(
    'recent runs',
    (signal) => app.api.search({ orderBy: ['started DESC'], limit: recentRuns, columns: [] }, signal),
    app.cache,
  );
  const { value, failure } = experiments.state.value;
  usePolling(() => {
    experiments.reload();
    recent.reload();
  });
  useEffect(() => {
    document.title = 'Runlog';
  }, []);
  const shown = value?.experiments.filter((experiment) => !experiment.deleted);
  return (
    <>
      <TopBar crumbs={[]} />
      <main class="home-page">
        {failure !== undefined && value === undefined ? (
          <FailureNotice failure={failure} retry={experiments.reload} />
        ) : shown === undefined ? (
          <Skeleton lines={10} label="Loading experiments" />
        ) : shown.length === 0 ? (
          <FirstRun />
        ) : (
          <div class="home-columns">
            <Experiments place={place} experiments={shown} />
            <aside class="home-side">
              <h2>Recent runs</h2>
              <ul class="recent">
                {(recent.state.value.value?.runs ?? []).map((run) => (
                  <li key={run.id}>
                    <RunSwatch run={run.id} />
                    <RunName run={run} />
                    <StatusMark status={run.status} reason={run.reason} />
                    <span class="quiet number" title={formatMoment(run.startedAt)}>
                      {formatAgo(run.startedAt, app.now.value)}
                    </span>
                    <PlaceLink to={runsPlace(run.experiment.name)} class="recent-experiment quiet">
                      {run.experiment.name}
                    </PlaceLink>
                  </li>
                ))}
              </ul>
            </aside>
          </div>
        )}
      </main>
    </>
  );
}

function Experiments({
  place,
  experiments,
}: {
  readonly place: HomePlace;
  readonly experiments: readonly ExperimentRow[];
}) {
  const app = useApp();
  const closed = useMemo(() => new Set(place.closed), [place.closed]);
  useShortcuts({ f: () => document.getElementById('find-experiment')?.focus() });
  const found = experiments.filter(({ name }) => name.toLowerCase().includes(place.find.toLowerCase()));
  const rows = folderRows(found, place.find === '' ? closed : new Set());
  const running = experiments.reduce((sum, experiment) => sum + experiment.running, 0);
  const fold = (path: string) =>
    app.go(
      { ...place, closed: closed.has(path) ? place.closed.filter((one) => one !== path) : [...place.closed, path] },
      true,
    );
  return (
    <section aria-labelledby="experiments-title">
      <div class="section-head">
        <h2 id="experiments-title">Experiments</h2>
        <span class="quiet">
          {formatCount(experiments.length)}
          {running > 0 && ` · ${formatCount(running)} ${running === 1 ? 'run' : 'runs'} running now`}
        </span>
        <label class="search-field">
          <Icon name="search" />
          <input
            id="find-experiment"
            type="search"
            placeholder="Find an experiment"
            aria-label="Find an experiment"
            value={place.find}
            onInput={(event) => app.go({ ...place, find: event.currentTarget.value }, true)}
          />
        </label>
      </div>
      {rows.length === 0 ? (
        <Notice title={`No experiment matches “${place.find}”`} />
      ) : (
        <table class="tree" aria-label="Experiments">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col" class="cell-right">
                Runs
              </th>
              <th scope="col" class="cell-right">
                Running
              </th>
              <th scope="col" class="cell-right">
                Last started
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <ExperimentRowView key={row.path} row={row} onFold={fold} now={app.now.value} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

interface ExperimentRowViewProps {
  readonly row: TreeRow<ExperimentRow>;
  readonly onFold: (path: string) => void;
  readonly now: number;
}

function ExperimentRowView({ row, onFold, now }: ExperimentRowViewProps) {
  return (
    <tr class={row.folder ? 'tree-folder' : ''}>
      <th scope="row">
        <span class="tree-name" style={{ paddingLeft: px(18 * row.depth) }}>
          {row.folder ? (
            <button
              type="button"
              class="tree-fold"
              aria-expanded={row.open}
              aria-label={`Folder ${row.path}`}
              onClick={() => onFold(row.path)}
            >
              <Icon name="chevron" />
            </button>
          ) : (
            <span class="tree-fold" />
          )}
          {row.experiment === undefined ? (
            <button type="button" class="tree-label" onClick={() => onFold(row.path)}>
              {row.label}/
            </button>
          ) : (
            <PlaceLink to={runsPlace(row.experiment.name)} class="tree-label" title={row.path}>
              {row.label}
            </PlaceLink>
          )}
        </span>
      </th>
      <td class="cell-right number">{formatCount(row.runs)}</td>
      <td class="cell-right number">
        {row.running > 0 ? (
          <span class="status status-running">
            <span class="status-dot" />
            {formatCount(row.running)}
          </span>
        ) : (
          <span class="missing">–</span>
        )}
      </td>
      <td
        class="cell-right number"
        title={row.lastStartedAt === null ? 'no runs yet' : formatMoment(row.lastStartedAt)}
      >
        {row.lastStartedAt === null ? <span class="missing">–</span> : formatAgo(row.lastStartedAt, now)}
      </td>
    </tr>
  );
}

/** Counts change slowly: no stream of their own, a fetch now and then while the tab is seen. */
function usePolling(task: () => void): void {
  const app = useApp();
  useEffect(() => {
    let cancel: () => void = () => undefined;
    const next = () => {
      cancel = app.clock.after(refreshMs, () => {
        if (!document.hidden) task();
        next();
      });
    };
    next();
    return () => cancel();
  }, []);
}
