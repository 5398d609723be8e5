/** Messages in place of content: what went wrong and what to do, and what an empty page can teach. */
import type { ComponentChildren } from 'preact';
import { ApiFailure } from '../data/http.js';

export function FailureNotice({ failure, retry }: { readonly failure: Error; readonly retry?: () => void }) {
  const advice = adviceFor(failure);
  return (
    <div class="notice" role="alert">
      <p class="notice-title">{failure.message}</p>
      <p class="quiet">{advice}</p>
      {retry !== undefined && (
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

function adviceFor(failure: Error): string {
  if (!(failure instanceof ApiFailure))
    return 'This is a fault of the page itself. Reload it; if that does not help, please report it.';
  const { code, field } = failure.problem;
  if (code === 'not_found') return 'Check the address: it may have been mistyped, or belong to another workspace.';
  if (code === 'gone') return 'It was deleted.';
  if (code === 'unauthorized' || code === 'forbidden') return 'This server asks for an API key that allows reading.';
  if (code === 'internal') return 'This is a fault of the server. Its log says more.';
  return field === undefined ? 'Change the question and try again.' : `The part at fault is “${field}”.`;
}

export function Notice({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="notice">
      <p class="notice-title">{title}</p>
      {children}
    </div>
  );
}

/** Grey bars where rows or charts will be. */
export function Skeleton({ lines, label }: { readonly lines: number; readonly label: string }) {
  return (
    <div class="skeleton" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, i) => (
        <span class="skeleton-line" key={i} />
      ))}
    </div>
  );
}
