/** What can be done to a process: killed, killed again while it starts, held still; and put back on its feet as an orchestrator would. */
import type { ChildProcess } from 'node:child_process';
import type { Clock } from '../../runtime/clock.js';

export interface Blow {
  readonly name: string;
  /** For how long it is down or held, within these bounds. */
  readonly msMin: number;
  readonly msMax: number;
  /** Resolves when the victim is up again; says in a word what came of it where that is not plain. */
  strike(ms: number): Promise<string | undefined>;
}

export interface Victim {
  readonly name: string;
  readonly blows: readonly Blow[];
}

const STARTS_MAX = 100;
const RESTART_PAUSE_MS = 500;

/** A start that fails is tried again; how often that was is told, and too often is an error. */
export async function untilStarted(start: () => Promise<void>, clock: Clock): Promise<string | undefined> {
  for (let failed = 0; ; failed++) {
    try {
      await start();
      return failed === 0 ? undefined : `${String(failed)} starts failed before`;
    } catch (cause) {
      if (failed >= STARTS_MAX) throw cause;
      await clock.sleep(RESTART_PAUSE_MS, undefined);
    }
  }
}

/** One of our processes: `start` resolves when it is ready. */
export interface Startable {
  kill(): Promise<void>;
  start(onSpawn: (child: ChildProcess) => void): Promise<void>;
}

export function killing(of: Startable, clock: Clock): Blow[] {
  const restart = () => untilStarted(() => of.start(() => undefined), clock);
  return [
    {
      ...{ name: 'kill -9', msMin: 0, msMax: 3_000 },
      async strike(ms) {
        await of.kill();
        await clock.sleep(ms);
        return restart();
      },
    },
    {
      ...{ name: 'kill -9, and again while it starts', msMin: 50, msMax: 2_000 },
      async strike(ms) {
        await of.kill();
        const late = new AbortController();
        let struck = false;
        const onSpawn = (child: ChildProcess) => {
          void clock.sleep(ms, late.signal).then(() => {
            if (!late.signal.aborted) struck = child.kill('SIGKILL');
          });
        };
        const started = await of.start(onSpawn).then(
          () => true,
          () => false,
        );
        late.abort();
        if (started && !struck) return 'it was up before';
        // one that was struck just as it said that it is ready
        if (started) await of.kill();
        return restart();
      },
    },
  ];
}

/** Holds a process still; what is not there is left alone. */
export const pausing = (pid: () => number | undefined, clock: Clock, msMin = 1_000, msMax = 6_000): Blow => ({
  ...{ name: 'SIGSTOP', msMin, msMax },
  async strike(ms) {
    const held = pid();
    if (held === undefined) return 'it was not there';
    if (!signalled(held, 'SIGSTOP')) return 'it was gone';
    await clock.sleep(ms);
    signalled(held, 'SIGCONT');
    return undefined;
  },
});

export function signalled(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
