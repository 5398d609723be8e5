/** "There is no such run" is said only after this instance has folded what the control log held when it was asked. */
import { CONTROL, type EventLog } from '../events/event-log.js';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import { Problem } from '../runtime/problem.js';
import type { Replica } from '../state/replica.js';
import type { RunRecord } from '../state/types.js';

export interface BarrierDeps {
  readonly replica: Replica;
  readonly log: EventLog;
  readonly clock: Clock;
}

export function requireHealthy({ replica }: Pick<BarrierDeps, 'replica'>): void {
  const health = replica.healthy();
  if (!health.ok) throw new Problem('unavailable', health.error, { retryAfterS: 10 });
}

/** Resolves once everything is folded that is on the control log now; 503 when that takes longer than `barrierWaitMs`. */
export async function foldedToHead({ replica, log, clock }: BarrierDeps): Promise<void> {
  const wanted = (await log.freshHead(CONTROL)) - 1;
  if (replica.folded() >= wanted) return;
  const timer = new AbortController();
  let stop: () => void = () => undefined;
  const reached = new Promise<true>((resolve) => {
    stop = replica.onFold(() => {
      if (replica.folded() >= wanted) resolve(true);
    });
  });
  const late = clock.sleep(limits.barrierWaitMs, timer.signal).then(() => replica.folded() >= wanted);
  const caughtUp = await Promise.race([reached, late]);
  timer.abort();
  stop();
  if (!caughtUp) throw new Problem('unavailable', 'this instance is behind the control log', { retryAfterS: 1 });
}

/** The run of this id, or 404; 410 when it is deleted. */
export async function findRun(deps: BarrierDeps, workspace: string, id: string): Promise<RunRecord> {
  requireHealthy(deps);
  let run = deps.replica.state.run(workspace, id);
  if (run === undefined) {
    await foldedToHead(deps);
    run = deps.replica.state.run(workspace, id);
  }
  if (run === undefined) {
    throw new Problem('not_found', `there is no run ${JSON.stringify(id)} in workspace ${workspace}`, { field: 'id' });
  }
  if (run.deleted) throw new Problem('gone', `run ${JSON.stringify(id)} was deleted`, { field: 'id' });
  return run;
}
