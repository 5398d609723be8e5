/** Notices runs that fell silent and runs that came back, and says so on the control partition: the sweep that must run once. */
import type { ControlEvent } from '../events/control-event.js';
import { limits } from '../runtime/limits.js';
import type { Logger } from '../runtime/logger.js';
import type { RunRecord } from '../state/types.js';
import type { KnownRun } from './known-runs.js';

export interface LivenessDeps {
  readonly openRuns: () => Iterable<RunRecord>;
  /**
   * Up to when all chunks of this run that the server received are in the tables, ms: silence can be told from a lag only up
   * to there.
   */
  readonly heardUntil: (run: string, now: number) => number;
  readonly append: (event: ControlEvent) => Promise<void>;
  /** While it is false nothing is appended; what was noticed meanwhile is noticed again. */
  readonly leads: () => boolean;
  readonly logger: Logger;
  /** When this process began to listen: while none did, nobody could be heard. */
  readonly listeningSince: number;
}

/**
 * Command ids are made of the run and of when it was last heard, which the tables keep: after a takeover the same silence is
 * not recorded twice.
 */
export class Liveness {
  private readonly lastSeen: Map<string, number>;
  /** Runs whose revival is on the log and not folded yet; the same of crashes, with when the run was last heard. */
  private readonly reviving = new Set<string>();
  private readonly crashing = new Map<string, number>();

  constructor(
    private readonly deps: LivenessDeps,
    lastSeen: ReadonlyMap<string, number>,
  ) {
    this.lastSeen = new Map(lastSeen);
  }

  /** A chunk of the run is in the tables. */
  async heard(uuid: string, run: KnownRun | undefined, receivedAt: number, now: number): Promise<void> {
    const seen = Math.max(receivedAt, this.lastSeen.get(uuid) ?? 0);
    if (run === undefined || run.status === 'running' || run.status === 'crashed') this.lastSeen.set(uuid, seen);
    else this.lastSeen.delete(uuid);
    if (run?.status === 'crashed') await this.revive(uuid, run, seen, now);
    else this.reviving.delete(uuid);
  }

  /** When runs were last heard by others. */
  seen(lastSeen: ReadonlyMap<string, number>): void {
    for (const [uuid, at] of lastSeen) this.lastSeen.set(uuid, Math.max(at, this.lastSeen.get(uuid) ?? 0));
  }

  /** Looks through the open runs once. */
  async sweep(now: number): Promise<void> {
    const open = new Set<string>();
    const changes: (() => Promise<void>)[] = [];
    for (const run of this.deps.openRuns()) {
      open.add(run.uuid);
      if (run.status === 'running') this.reviving.delete(run.uuid);
      const seen = Math.max(this.lastSeen.get(run.uuid) ?? 0, run.createdAt);
      const silentMs = Math.min(now, this.deps.heardUntil(run.uuid, now)) - Math.max(seen, this.deps.listeningSince);
      if (run.status === 'running' && silentMs >= limits.crashEventAfterMs) {
        changes.push(() => this.crash(run, seen, now));
      } else if (run.status === 'crashed' && seen > run.endedAt) {
        // heard after the silence that was recorded, and whoever took that in did not get to say so
        changes.push(() => this.revive(run.uuid, run, seen, now));
      }
    }
    for (const known of [this.lastSeen, this.crashing]) {
      for (const uuid of known.keys()) if (!open.has(uuid)) known.delete(uuid);
    }
    for (const change of changes) await change();
  }

  private async crash(run: RunRecord, seen: number, now: number): Promise<void> {
    if (this.crashing.get(run.uuid) === seen) return;
    this.crashing.set(run.uuid, seen);
    const appended = await this.append({
      v: 1,
      type: 'RunCrashed',
      commandId: `crashed/${run.uuid}/${String(seen)}`,
      workspace: run.workspace,
      at: now,
      run: run.id,
      lastSeenAt: seen,
    });
    if (!appended) this.crashing.delete(run.uuid);
  }

  private async revive(uuid: string, run: KnownRun, seen: number, now: number): Promise<void> {
    if (this.reviving.has(uuid)) return;
    this.reviving.add(uuid);
    const appended = await this.append({
      v: 1,
      type: 'RunRevived',
      commandId: `revived/${uuid}/${String(seen)}`,
      workspace: run.workspace,
      at: now,
      run: run.id,
    });
    if (!appended) this.reviving.delete(uuid);
  }

  /** What could not be appended is noticed again by the next sweep. */
  private async append(event: ControlEvent): Promise<boolean> {
    if (!this.deps.leads()) return false;
    try {
      await this.deps.append(event);
      return true;
    } catch (cause) {
      this.deps.logger.warn({ type: event.type, detail: String(cause) }, 'a control event could not be appended');
      return false;
    }
  }
}
