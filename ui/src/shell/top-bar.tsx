/** The bar above every page: where one is, whether it is live, light or dark, and the keys. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { homePlace, type Place } from '../url-state.js';
import { useApp } from './app-context.js';
import { HelpDialog } from './help-dialog.js';
import { Icon } from './icons.js';
import { LiveBadge } from './live-badge.js';
import { PlaceLink } from './place-link.js';
import { useShortcuts } from './shortcuts.js';

export interface Crumb {
  readonly label: string;
  readonly to?: Place;
}

export function TopBar({
  crumbs,
  children,
}: {
  readonly crumbs: readonly Crumb[];
  readonly children?: ComponentChildren;
}) {
  const app = useApp();
  const [help, setHelp] = useState(false);
  useShortcuts({ '?': () => setHelp(true), t: app.toggleTheme });
  const dark = app.theme.value === 'dark';
  return (
    <header class="top-bar">
      <nav class="crumbs" aria-label="Where you are">
        <PlaceLink to={homePlace} class="brand" title="All experiments">
          <img src="/favicon.svg" width="18" height="18" alt="" />
          Runlog
        </PlaceLink>
        {crumbs.map((crumb, i) => (
          <span class="crumb" key={i}>
            <span class="crumb-slash" aria-hidden="true">
              /
            </span>
            {crumb.to === undefined ? (
              <span class="crumb-here" aria-current="page" title={crumb.label}>
                {crumb.label}
              </span>
            ) : (
              <PlaceLink to={crumb.to}>{crumb.label}</PlaceLink>
            )}
          </span>
        ))}
      </nav>
      {children}
      <div class="top-bar-end">
        <LiveBadge />
        <button
          type="button"
          class="icon-button"
          onClick={app.toggleTheme}
          title={dark ? 'Light (t)' : 'Dark (t)'}
          aria-label="Switch between light and dark"
        >
          <Icon name={dark ? 'sun' : 'moon'} />
        </button>
        <button
          type="button"
          class="icon-button"
          onClick={() => setHelp(true)}
          title="Keys (?)"
          aria-label="Show the keys"
        >
          ?
        </button>
      </div>
      <HelpDialog open={help} onClose={() => setHelp(false)} />
    </header>
  );
}
