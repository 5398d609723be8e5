/** What every page is given: the server, the live stream, the clock, the address bar and the run under the pointer. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { ReadonlySignal, Signal } from '@preact/signals';
import type { UiClock } from '../clock.js';
import type { Theme } from '../color/run-color.js';
import type { Api } from '../data/api.js';
import type { Trouble } from '../data/http.js';
import type { Live } from '../data/live.js';
import type { Place } from '../url-state.js';

export interface App {
  readonly api: Api;
  readonly live: Live;
  readonly clock: UiClock;
  /** Answers for the way back. */
  readonly cache: Map<string, unknown>;
  /** Set while requests wait for the server to come back. */
  readonly trouble: ReadonlySignal<Trouble | undefined>;
  readonly theme: ReadonlySignal<Theme>;
  readonly toggleTheme: () => void;
  /** Wall time, moved on every few seconds, so that `3 min ago` stays true. */
  readonly now: ReadonlySignal<number>;
  /** The run that is pointed at, in a table or a chart. */
  readonly pointed: Signal<string | undefined>;
  /** Origin and workspace path of this server, as a client's address. */
  readonly address: string;
  /** The address of a place. */
  href(place: Place): string;
  /** Opens a place; `replace` keeps the back button for larger steps. */
  go(place: Place, replace?: boolean): void;
}

export const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === undefined) throw new Error('a component was rendered outside of the app');
  return app;
}
