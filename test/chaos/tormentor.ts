/** Who is struck when, and how: planned from a seed before anything begins, then carried out. */
import type { Clock } from '../../runtime/clock.js';
import { seeded } from '../simulation/random.js';
import type { Blow, Victim } from './victims.js';

export interface Strike {
  readonly atMs: number;
  readonly victim: Victim;
  readonly blow: Blow;
  readonly ms: number;
}

/** Between two strikes, for each victim that there is: a small stack needs time to work in between. */
const GAP_MS = { min: 500, max: 27_000 };
/** The last strikes fall while there is still time to write under them. */
const QUIET_MS = 3_000;

export function planStrikes(seed: number, durationMs: number, victims: readonly Victim[]): Strike[] {
  const random = seeded(seed);
  const all = victims.flatMap((victim) => victim.blows.map((blow) => ({ victim, blow })));
  const strikes: Strike[] = [];
  let atMs = random.between(1_000, 3_000);
  while (atMs < durationMs - QUIET_MS) {
    const { victim, blow } = random.pick(all);
    strikes.push({ atMs, victim, blow, ms: random.between(blow.msMin, blow.msMax) });
    atMs += random.between(GAP_MS.min, Math.ceil(GAP_MS.max / victims.length));
  }
  return strikes;
}

/** A victim that is still down is not struck again. Resolves when all are up. */
export async function torment(strikes: readonly Strike[], clock: Clock, say: (line: string) => void): Promise<number> {
  const begun = clock.monotonic();
  const since = () => `${((clock.monotonic() - begun) / 1000).toFixed(1).padStart(6)} s`;
  const down = new Set<Victim>();
  const under: Promise<void>[] = [];
  let struck = 0;
  for (const { atMs, victim, blow, ms } of strikes) {
    await clock.sleep(atMs - (clock.monotonic() - begun));
    const what = `${victim.name}: ${blow.name}${blow.msMax > 0 ? ` (${String(ms)} ms)` : ''}`;
    if (down.has(victim)) {
      say(`${since()}  ${what}: left out, it is down`);
      continue;
    }
    say(`${since()}  ${what}`);
    struck += 1;
    down.add(victim);
    under.push(
      blow.strike(ms).then((outcome) => {
        down.delete(victim);
        if (blow.msMax > 0 || outcome !== undefined) say(`${since()}  ${victim.name}: ${outcome ?? 'is up'}`);
      }),
    );
  }
  await Promise.all(under);
  return struck;
}
