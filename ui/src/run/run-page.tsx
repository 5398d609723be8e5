/** One run: what it is and was given at the left, its curves at the right, live while it runs. */
import { useEffect, useMemo } from 'preact/hooks';
import type { RunDetail } from '../../../query/api.js';
import { ChartPanel } from '../chart/lazy-chart-panel.js';
import { createThrottle } from '../data/throttle.js';
import { useLoad } from '../data/use-load.js';
import { RunSwatch, runLabel } from '../runs/run-name.js';
import { useApp } from '../shell/app-context.js';
import { FailureNotice, Notice, Skeleton } from '../shell/notice.js';
import { TopBar } from '../shell/top-bar.js';
import { runsPlace, type RunPlace } from '../url-state.js';
import { RunOverview } from './run-overview.js';

const liveIntervalMs = 1500;

export function RunPage({ place }: { readonly place: RunPlace }) {
  const app = useApp();
  const loaded = useLoad(`run ${place.run}`, async (signal) => (await app.api.run(place.run, signal)).run, app.cache);
  const { value, failure } = loaded.state.value;
  const run = value?.id === place.run ? value : undefined;
  useLiveRun(place.run, loaded.reload, () => loaded.state.peek().value);
  useEffect(() => {
    document.title = `${run === undefined ? place.run : runLabel(run)} · Runlog`;
  }, [place.run, run?.name]);
  const metrics = run === undefined ? [] : Object.keys(run.metrics);
  const keys = useMemo(() => metrics, [metrics.join('\n')]);
  const runs = useMemo(() => (run === undefined ? [] : [{ id: run.id, name: run.name }]), [run?.id, run?.name]);
  const experiment = run === undefined ? [] : [{ label: run.experiment.name, to: runsPlace(run.experiment.name) }];
  return (
    <>
      <TopBar crumbs={[...experiment, { label: run === undefined ? place.run : runLabel(run) }]}>
        {run !== undefined && <RunSwatch run={run.id} />}
      </TopBar>
      <main class="run-page">
        {run === undefined ? (
          failure === undefined ? (
            <Skeleton lines={14} label="Loading the run" />
          ) : (
            <FailureNotice failure={failure} retry={loaded.reload} />
          )
        ) : (
          <>
            <RunOverview run={run} />
            <div class="run-charts">
              {keys.length === 0 ? (
                <Notice title="No metrics yet">
                  <p class="quiet">They appear here as soon as the first one is logged.</p>
                </Notice>
              ) : (
                <ChartPanel
                  runs={runs}
                  metrics={keys}
                  view={place.chart}
                  onView={(chart, replace) => app.go({ ...place, chart }, replace)}
                />
              )}
            </div>
          </>
        )}
      </main>
    </>
  );
}

/** Follows the run and fetches its record again when it changed, or when a metric appears that it did not have. */
function useLiveRun(id: string, reload: () => void, known: () => RunDetail | undefined): void {
  const app = useApp();
  useEffect(() => {
    const refresh = createThrottle(app.clock, liveIntervalMs, reload);
    const unfollow = app.live.follow(app.api.liveOfRuns([id]));
    const deafen = app.live.listen({
      onEvent: () => refresh.trigger(),
      onGap: (first) => {
        if (!first || known()?.status === 'running') refresh.trigger();
      },
    });
    return () => {
      deafen();
      unfollow();
      refresh.stop();
    };
  }, [id]);
}
