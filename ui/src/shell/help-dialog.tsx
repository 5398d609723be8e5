/** The list of keys, opened with `?`. */
import { useEffect, useRef } from 'preact/hooks';

const keys: readonly (readonly [string, string])[] = [
  ['f', 'go to the filter'],
  ['/', 'search metrics'],
  ['j  k', 'next and previous run'],
  ['x', 'tick the run (shift-click ticks a stretch)'],
  ['Enter', 'open the run'],
  ['c', 'compare the ticked runs'],
  ['Esc', 'leave a field, clear the ticks'],
  ['t', 'light or dark'],
  ['?', 'this list'],
];

export function HelpDialog({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={onClose}>
      <h2 id="help-title">Keys</h2>
      <dl>
        {keys.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              {key.split('  ').map((part) => (
                <kbd key={part}>{part}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p class="quiet">In charts: drag to zoom, double-click to see everything again.</p>
      <form method="dialog">
        <button class="button">Close</button>
      </form>
    </dialog>
  );
}
