/** From the address to a page. Pages that are not needed for the first look are fetched when they are opened. */
import type { FunctionComponent } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { usePathname, useSearch } from 'wouter-preact/use-browser-location';
import { HomePage } from './home/home-page.js';
import { RunsPage } from './runs/runs-page.js';
import { useApp } from './shell/app-context.js';
import { FailureNotice, Notice, Skeleton } from './shell/notice.js';
import { PlaceLink } from './shell/place-link.js';
import { TopBar } from './shell/top-bar.js';
import { homePlace, parsePlace, type ComparePlace, type Place, type RunPlace } from './url-state.js';

const RunPage = lazily<{ place: RunPlace }>(async () => (await import('./run/run-page.js')).RunPage);
const ComparePage = lazily<{ place: ComparePlace }>(
  async () => (await import('./compare/compare-page.js')).ComparePage,
);

export function Pages() {
  const app = useApp();
  const pathname = usePathname();
  const search = useSearch();
  const place = useMemo(() => parsePlace(pathname, search), [pathname, search]);
  useEffect(() => {
    app.pointed.value = undefined;
  }, [pathname]);
  return <Page place={place} />;
}

function Page({ place }: { readonly place: Place }) {
  switch (place.page) {
    case 'home':
      return <HomePage place={place} />;
    case 'runs':
      return <RunsPage key={place.experiment} place={place} />;
    case 'run':
      return <RunPage key={place.run} place={place} />;
    case 'compare':
      return <ComparePage place={place} />;
    case 'missing':
      return (
        <>
          <TopBar crumbs={[{ label: 'Nothing here' }]} />
          <main>
            <Notice title={`There is no page at ${place.path}`}>
              <PlaceLink to={homePlace} class="button">
                All experiments
              </PlaceLink>
            </Notice>
          </main>
        </>
      );
  }
}

function lazily<Props extends object>(load: () => Promise<FunctionComponent<Props>>): FunctionComponent<Props> {
  let loaded: FunctionComponent<Props> | undefined;
  return function Lazy(props: Props) {
    const [Component, setComponent] = useState(() => loaded);
    const [failure, setFailure] = useState<Error>();
    useEffect(() => {
      if (loaded !== undefined) return;
      load().then(
        (component) => {
          loaded = component;
          setComponent(() => component);
        },
        (error: unknown) => setFailure(error as Error),
      );
    }, []);
    if (failure !== undefined) return <FailureNotice failure={failure} />;
    return Component === undefined ? <Skeleton lines={8} label="Loading the page" /> : <Component {...props} />;
  };
}
