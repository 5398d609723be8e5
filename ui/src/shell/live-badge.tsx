/** The badge that tells whether what one sees is live, paused or stale; a click pauses and goes on. */
import { useApp } from './app-context.js';

const words = {
  off: 'not live',
  connecting: 'connecting',
  live: 'live',
  paused: 'paused',
  stale: 'stale',
} as const;

export function LiveBadge() {
  const app = useApp();
  const state = app.live.state.value;
  const trouble = app.trouble.value;
  if (state === 'off' && trouble === undefined) return null;
  const shown = trouble !== undefined && state !== 'paused' ? 'stale' : state;
  const why = trouble === undefined ? '' : ` ${trouble.reason} Next try in a moment.`;
  const pausing = state !== 'paused';
  return (
    <button
      type="button"
      class={`badge badge-${shown}`}
      data-live={shown}
      aria-pressed={!pausing}
      title={`Updates: ${words[shown]}.${why} Click to ${pausing ? 'pause' : 'go on'}.`}
      onClick={() => {
        app.live.setPaused(pausing);
      }}
    >
      <span class="badge-dot" />
      <span role="status">{words[shown]}</span>
    </button>
  );
}
