/** One round of chaos: a stack, writers, strikes, and at the end the comparison with what was acknowledged. */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../../runtime/clock.js';
import { seeded } from '../simulation/random.js';
import { Acknowledged } from './acknowledged.js';
import { startChaosStack, type ChaosStack, type StackName } from './chaos-stack.js';
import { compareRuns, compareTables } from './comparison.js';
import { Delivery } from './delivery.js';
import { planStrikes, torment } from './tormentor.js';
import { createLoad } from './writers.js';

export interface ChaosPlan {
  readonly seed: number;
  readonly minutes: number;
  readonly stack: StackName;
}

export interface ChaosReport {
  readonly differences: readonly string[];
  readonly strikes: number;
  readonly points: number;
  readonly batches: number;
  readonly resent: number;
  readonly runs: number;
}

/** How long it may take, once all is up, until everything is acknowledged and in the tables. */
const LEVEL_MS_MAX = 240_000;

export async function runChaos(plan: ChaosPlan, clock: Clock, say: (line: string) => void): Promise<ChaosReport> {
  const { seed, minutes } = plan;
  const stack = await startChaosStack(plan.stack, clock);
  try {
    const giveUp = new AbortController();
    const writing = new AbortController();
    // every writer waits for them
    setMaxListeners(0, giveUp.signal, writing.signal);
    const random = seeded(seed);
    const book = new Acknowledged();
    const delivery = new Delivery(stack.url, clock, random, giveUp.signal);
    const load = createLoad(seed, delivery, book, clock);
    const strikes = planStrikes(seed, minutes * 60_000, stack.victims);
    const written = load.run(writing.signal);
    written.catch(() => undefined);
    const struck = await Promise.race([torment(strikes, clock, say), written.then(() => 0)]);
    writing.abort();
    say('         all is up again');
    const late = new AbortController();
    void clock.sleep(LEVEL_MS_MAX, late.signal).then(() => giveUp.abort());

    const differences: string[] = [];
    const compare = async (when: string): Promise<void> => {
      await untilLevel(stack, delivery.position(), giveUp.signal, clock);
      const tables = stack.tables();
      const found = await compareTables(tables, book);
      await tables.close();
      for (const url of stack.apis()) found.push(...(await compareRuns(url, delivery.position(), book)));
      say(`         ${when}: ${String(found.length)} differences`);
      differences.push(...found.map((difference) => `${when}: ${difference}`));
    };
    try {
      await written;
      await compare('after the strikes');
      await load.resend();
      await compare('after old batches were sent again');
      if (stack.finale !== undefined) {
        say(`         ${stack.finale.name}`);
        await stack.finale.run();
        await load.resend();
        await compare('after the finale');
      }
    } catch (cause) {
      differences.push(String(cause));
    }
    late.abort();
    differences.push(...delivery.faults.map((fault) => `fault: ${fault}`));
    say(`         answers: ${JSON.stringify(Object.fromEntries(delivery.answers))}`);
    return {
      ...{ differences, strikes: struck, points: book.points, batches: book.batches },
      ...{ resent: load.resent(), runs: book.runs.size },
    };
  } finally {
    await stack.stop();
  }
}

/** Every server has everything in sight that was acknowledged. */
async function untilLevel(stack: ChaosStack, position: string, givenUp: AbortSignal, clock: Clock): Promise<void> {
  for (const url of stack.apis()) {
    for (;;) {
      const response = await fetch(`${url}/api/v1/experiments?at=${position}`, { signal: givenUp }).catch(
        () => undefined,
      );
      if (response?.ok === true) break;
      if (givenUp.aborted) throw new Error(`never level: ${await readiness(url)}`);
      await clock.sleep(200, givenUp);
    }
  }
}

async function readiness(url: string): Promise<string> {
  const response = await fetch(`${url}/readyz`).catch((cause: unknown) => String(cause));
  return typeof response === 'string' ? response : response.text();
}
