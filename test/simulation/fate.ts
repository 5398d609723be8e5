/** Decides what becomes of each effect of a simulated process: done, done late, failed once, or the process dies before or after it. */
import type { Random } from './random.js';

export class ProcessDied extends Error {}

/** An error as a port throws it when trying again helps. */
export class Transient extends Error {
  readonly retriable = true;
}

export interface Odds {
  /** Probability that an effect that may fail does, half of the time after it was done. */
  readonly transient: number;
  /** Turns of the event loop that an effect may take. */
  readonly delayMax: number;
}

/** One life of a process: every effect goes through it and is counted; nothing happens once it is over. */
export class Life {
  steps = 0;
  readonly died: Promise<void>;
  private dead = false;
  private announce: () => void = () => undefined;
  /** Effects that were under way when the process died, for the world to carry out at once, later or never. */
  readonly orphans: { readonly act: () => Promise<unknown>; readonly mayBeLate: boolean }[] = [];

  constructor(
    private readonly random: Random,
    private readonly odds: Odds,
    /** The step at which it dies; a step is the moment before or after an effect. */
    private readonly diesAt: number,
  ) {
    this.died = new Promise((resolve) => (this.announce = resolve));
  }

  get isOver(): boolean {
    return this.dead;
  }

  end(): void {
    this.dead = true;
    this.announce();
  }

  /** An effect on what outlives the process, which may be under way while the process dies. */
  async effect<T>(act: () => Promise<T>, { mayFail = false, mayBeLate = true } = {}): Promise<T> {
    await this.step({ act, mayBeLate });
    for (let turns = this.random.between(0, this.odds.delayMax); turns > 0; turns--) {
      await Promise.resolve();
      if (this.dead) await this.abandon({ act, mayBeLate });
    }
    const fails = mayFail && this.random.chance(this.odds.transient);
    if (fails && this.random.chance(0.5)) throw new Transient('not done');
    const result = await act();
    await this.step();
    if (fails) throw new Transient('done, but the answer was lost');
    return result;
  }

  private async step(orphan?: Life['orphans'][number]): Promise<void> {
    if (!this.dead && this.steps++ === this.diesAt) this.end();
    if (this.dead) await this.abandon(orphan);
  }

  private async abandon(orphan?: Life['orphans'][number]): Promise<never> {
    if (orphan !== undefined) this.orphans.push(orphan);
    return new Promise<never>(() => undefined);
  }
}
