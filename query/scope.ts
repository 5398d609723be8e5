/** Which runs a question is about, before its filter: the ones that are not deleted, not archived unless asked, of these experiments. */
import type { Workspace } from './catalog.js';
import { uuidList } from './sql/bindings.js';

export interface Scope {
  /** Names or ids; undefined for all. */
  readonly experiments: readonly string[] | undefined;
  readonly includeArchived: boolean;
}

/** Conditions on the view `runs` (alias r). */
export function scopeConditions({ experiments, includeArchived }: Scope, workspace: Workspace): string[] {
  const conditions = ['r.deleted = 0'];
  if (!includeArchived) conditions.push('r.archived = 0');
  if (experiments !== undefined) {
    const wanted = new Set(experiments);
    const ids = [...workspace.experiments.values()]
      .filter(({ id, name, deleted }) => !deleted && (wanted.has(name) || wanted.has(id)))
      .map(({ id }) => id);
    conditions.push(ids.length === 0 ? '0' : `r.experiment IN ${uuidList(ids)}`);
  } else if (workspace.anyDeleted) {
    conditions.push('r.experiment NOT IN (SELECT experiment FROM experiments FINAL WHERE deleted = 1)');
  }
  return conditions;
}
