/** Where the page starts: builds what every page is given, and shows the page that the address names. */
import './language.js';
import { effect, signal } from '@preact/signals';
import { render } from 'preact';
import { navigate } from 'wouter-preact/use-browser-location';
import { browserClock as clock } from './clock.js';
import { createApi } from './data/api.js';
import { createHttp, type Trouble } from './data/http.js';
import { createLive } from './data/live.js';
import { Pages } from './pages.js';
import { AppContext, type App } from './shell/app-context.js';
import { createTheme } from './shell/theme.js';
import { basePath, formatPlace } from './url-state.js';
import './styles/app.css';

const nowStepMs = 5000;

function createApp(): App {
  const base = basePath(location.pathname);
  const trouble = signal<Trouble | undefined>(undefined);
  const http = createHttp({
    fetch: (path, init) => fetch(path, init),
    clock,
    onTrouble: (next) => {
      trouble.value = next;
    },
  });
  const live = createLive({ open: (url) => new EventSource(url), clock });
  document.addEventListener('visibilitychange', () => live.setHidden(document.hidden));
  const now = signal(clock.now());
  const tick = () => {
    now.value = clock.now();
    clock.after(nowStepMs, tick);
  };
  clock.after(nowStepMs, tick);
  const { theme, toggle } = createTheme();
  const href: App['href'] = (place) => base + formatPlace(place);
  return {
    api: createApi(http, base),
    live,
    clock,
    cache: new Map(),
    trouble,
    theme,
    toggleTheme: toggle,
    now,
    pointed: signal(undefined),
    address: location.origin + base,
    href,
    go: (place, replace = false) => {
      const to = href(place);
      if (to !== location.pathname + location.search) navigate(to, { replace });
    },
  };
}

const root = document.getElementById('app');
if (root === null) throw new Error('index.html has no element with the id app');
const app = createApp();
effect(() => {
  root.dataset['trouble'] = app.trouble.value === undefined ? '' : app.trouble.value.reason;
});
render(
  <AppContext.Provider value={app}>
    <Pages />
  </AppContext.Provider>,
  root,
);
