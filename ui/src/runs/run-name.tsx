/** A run's name with its colour; the id where it has no name. */
import { colorSlot } from '../color/run-color.js';
import { PlaceLink } from '../shell/place-link.js';
import { runPlace } from '../url-state.js';

export const runLabel = (run: { readonly id: string; readonly name: string }): string =>
  run.name === '' ? run.id : run.name;

export function RunSwatch({ run }: { readonly run: string }) {
  return <span class={`swatch swatch-${String(colorSlot(run))}`} aria-hidden="true" />;
}

export function RunName({ run }: { readonly run: { readonly id: string; readonly name: string } }) {
  return (
    <PlaceLink
      to={runPlace(run.id)}
      class="run-name"
      title={runLabel(run) === run.id ? run.id : `${run.name} (${run.id})`}
    >
      {runLabel(run)}
    </PlaceLink>
  );
}
