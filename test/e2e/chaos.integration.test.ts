/** Chaos in small: kills, pauses and cut connections under load on both stacks, and not one number differs from what was acknowledged. */
import { expect, it } from 'vitest';
import { systemClock } from '../../runtime/clock.js';
import { runChaos } from '../chaos/chaos.js';
import type { StackName } from '../chaos/chaos-stack.js';
import { describeWithKafka } from '../kafka.js';

const seed = Number(process.env['RUNLOG_TEST_SEED'] ?? 20_261_125);

async function survives(stack: StackName, minutes: number): Promise<void> {
  const said: string[] = [`seed ${String(seed)}`];
  const report = await runChaos({ seed, minutes, stack }, systemClock, (line) => said.push(line));
  expect(report.differences, said.join('\n')).toEqual([]);
  expect(report.strikes).toBeGreaterThan(0);
  expect(report.points).toBeGreaterThan(0);
}

it('two minutes of it on the embedded stack lose nothing and double nothing', () => survives('embedded', 2));

describeWithKafka('one minute of it on the scaled stack', () => {
  it('loses nothing and doubles nothing', () => survives('scaled', 1));
});
