/** The compared runs as chips: colour and name, shown or hidden, the one that the others are measured against. */
import type { CompareAnswer, RunRow } from '../../../query/api.js';
import { RunName, RunSwatch, runLabel } from '../runs/run-name.js';
import { StatusMark } from '../runs/status-mark.js';
import { useApp } from '../shell/app-context.js';
import { Icon } from '../shell/icons.js';
import type { ComparePlace } from '../url-state.js';

export function RunChips({ place, runs }: { readonly place: ComparePlace; readonly runs: CompareAnswer['runs'] }) {
  const app = useApp();
  const without = (list: readonly string[], id: string) => list.filter((one) => one !== id);
  return (
    <ul class="chips" aria-label="Compared runs">
      {runs.map((run) => {
        const hidden = place.hidden.includes(run.id);
        const pinned = place.reference === run.id;
        return (
          <li
            key={run.id}
            class={`chip ${hidden ? 'chip-hidden' : ''} ${pinned ? 'chip-pinned' : ''}`}
            onMouseEnter={() => {
              app.pointed.value = run.id;
            }}
            onMouseLeave={() => {
              app.pointed.value = undefined;
            }}
          >
            <RunSwatch run={run.id} />
            <RunName run={run} />
            <StatusMark status={run.status as RunRow['status']} />
            <button
              type="button"
              class="icon-button"
              aria-pressed={!hidden}
              aria-label={`Draw ${runLabel(run)}`}
              title={hidden ? 'Draw it' : 'Hide it in the charts'}
              onClick={() =>
                app.go({ ...place, hidden: hidden ? without(place.hidden, run.id) : [...place.hidden, run.id] }, true)
              }
            >
              <Icon name="eye" />
            </button>
            <button
              type="button"
              class="icon-button chip-pin"
              aria-pressed={pinned}
              aria-label={`Measure against ${runLabel(run)}`}
              title={pinned ? 'Reference: click to let go' : 'Measure the others against this run'}
              onClick={() => app.go({ ...place, reference: pinned ? undefined : run.id })}
            >
              <Icon name="pin" />
            </button>
            <button
              type="button"
              class="icon-button"
              aria-label={`Take ${runLabel(run)} out`}
              title="Take it out of the comparison"
              onClick={() =>
                app.go({
                  ...place,
                  runs: without(place.runs, run.id),
                  hidden: without(place.hidden, run.id),
                  reference: pinned ? undefined : place.reference,
                })
              }
            >
              <Icon name="close" />
            </button>
          </li>
        );
      })}
    </ul>
  );
}
