/** Chosen runs over each other: every shared curve with its band, and a table of what differs. */
import { useEffect, useMemo } from 'preact/hooks';
import { ChartPanel } from '../chart/lazy-chart-panel.js';
import { createThrottle } from '../data/throttle.js';
import { useLoad } from '../data/use-load.js';
import { useApp } from '../shell/app-context.js';
import { FailureNotice, Notice, Skeleton } from '../shell/notice.js';
import { Splitter } from '../shell/splitter.js';
import { TopBar } from '../shell/top-bar.js';
import type { ComparePlace } from '../url-state.js';
import { CompareTable } from './compare-table.js';
import { RunChips } from './run-chips.js';

const liveIntervalMs = 3000;

export function ComparePage({ place }: { readonly place: ComparePlace }) {
  const app = useApp();
  const { runs: ids, reference } = place;
  const question = ids.length === 0 ? undefined : `compare ${JSON.stringify([ids, reference])}`;
  const loaded = useLoad(
    question,
    (signal) => app.api.compare({ runs: ids, ...(reference === undefined ? {} : { reference }) }, signal),
    app.cache,
  );
  const { value, failure } = loaded.state.value;
  useEffect(() => {
    document.title = `Compare ${String(ids.length)} runs · Runlog`;
    if (ids.length === 0) return undefined;
    const refresh = createThrottle(app.clock, liveIntervalMs, loaded.reload);
    const unfollow = app.live.follow(app.api.liveOfRuns(ids));
    const deafen = app.live.listen({
      onEvent: () => refresh.trigger(),
      onGap: (first) => {
        if (!first) refresh.trigger();
      },
    });
    return () => {
      deafen();
      unfollow();
      refresh.stop();
    };
  }, [ids.join()]);
  const names = new Map(value?.runs.map((run) => [run.id, run.name]));
  const runs = useMemo(
    () => ids.map((id) => ({ id, name: names.get(id) ?? '' })),
    [ids.join(), JSON.stringify([...names])],
  );
  const metrics = useMemo(
    () => value?.metrics.map((row) => row.name) ?? [],
    [value?.metrics.map((row) => row.name).join('\n')],
  );
  const hidden = useMemo(() => new Set(place.hidden), [place.hidden.join()]);
  return (
    <>
      <TopBar crumbs={[{ label: 'Compare' }]} />
      <main class="compare-page">
        {ids.length === 0 ? (
          <Notice title="Nothing to compare yet">
            <p class="quiet">Tick runs in an experiment’s table and press c.</p>
          </Notice>
        ) : failure !== undefined && value === undefined ? (
          <FailureNotice failure={failure} retry={loaded.reload} />
        ) : value === undefined ? (
          <Skeleton lines={12} label="Loading the comparison" />
        ) : (
          <>
            <RunChips place={place} runs={value.runs} />
            <Splitter
              name="compare-charts"
              share={44}
              start={<CompareTable place={place} answer={value} />}
              end={
                metrics.length === 0 ? undefined : (
                  <ChartPanel
                    runs={runs}
                    hidden={hidden}
                    metrics={metrics}
                    view={place.chart}
                    onView={(chart, replace) => app.go({ ...place, chart }, replace)}
                    height={200}
                  />
                )
              }
            />
          </>
        )}
      </main>
    </>
  );
}
