/** What the projector has to know of a run for each of its chunks, remembered so that a large record is not read each time. */
import { limits } from '../runtime/limits.js';
import type { StateStore } from '../state/store.js';
import type { RunStatus } from '../state/types.js';

export interface KnownRun {
  readonly workspace: string;
  readonly id: string;
  readonly status: RunStatus;
}

export class KnownRuns {
  private readonly runs = new Map<string, KnownRun>();

  constructor(private readonly store: Pick<StateStore, 'runByUuid'>) {}

  get(uuid: string): KnownRun | undefined {
    const known = this.runs.get(uuid);
    if (known !== undefined) return known;
    const run = this.store.runByUuid(uuid);
    if (run === undefined) return undefined;
    if (this.runs.size >= limits.runsCachedMax) this.runs.clear();
    const { workspace, id, status } = run;
    const found = { workspace, id, status };
    this.runs.set(uuid, found);
    return found;
  }

  /** The fold has changed it. */
  changed(uuid: string): void {
    this.runs.delete(uuid);
  }
}
