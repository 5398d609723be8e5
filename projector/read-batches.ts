/** Records of a metrics partition → batches, or dead letters with the reason. */
import { decodeChunk } from '../events/chunk.js';
import { decodeEnvelope } from '../events/envelope.js';
import type { LogRecord } from '../events/event-log.js';
import type { Batch } from './batch.js';
import type { DeadLetter } from './dead-letters.js';
import type { KnownRuns } from './known-runs.js';

export interface BatchesRead {
  readonly batches: readonly Batch[];
  readonly letters: readonly DeadLetter[];
}

/** `foldAll` folds every control event that is durable by now: after it, a run that is still unknown cannot be one. */
export async function readBatches(
  records: readonly LogRecord[],
  runs: KnownRuns,
  foldAll: () => Promise<void>,
): Promise<BatchesRead> {
  const batches: Batch[] = [];
  const letters: DeadLetter[] = [];
  for (const { offset, value } of records) {
    const envelope = decodeEnvelope(value);
    const whose = envelope.ok ? envelope.value.workspace : '';
    const refuse = (reason: string) => letters.push({ offset, reason, workspace: whose, value });
    if (!envelope.ok) {
      refuse(`${envelope.error.field} ${envelope.error.detail}`);
      continue;
    }
    const { workspace, run, receivedAt, generation } = envelope.value;
    const chunk = decodeChunk(envelope.value.chunk);
    if (!chunk.ok) {
      refuse(`${chunk.error.field} ${chunk.error.detail}`);
      continue;
    }
    let known = runs.get(run);
    if (known === undefined) {
      await foldAll();
      known = runs.get(run);
    }
    if (known === undefined) refuse(`envelope.run ${run} is not known`);
    else if (known.workspace !== workspace) refuse(`envelope.workspace is not that of run ${run}`);
    else batches.push({ offset, workspace, run, receivedAt, generation, chunk: chunk.value });
  }
  return { batches, letters };
}
