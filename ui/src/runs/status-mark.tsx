/** The state of a run as a dot and a word. */
import type { RunRow } from '../../../query/api.js';

export function StatusMark({ status, reason }: { readonly status: RunRow['status']; readonly reason?: string }) {
  return (
    <span
      class={`status status-${status}`}
      title={reason === undefined || reason === '' ? status : `${status}: ${reason}`}
    >
      <span class="status-dot" />
      {status}
    </span>
  );
}
