/** The pipeline from log to tables under every crash that can be thought of: what was acknowledged is in the tables exactly once. */
import { describe, expect, it } from 'vitest';
import { CALM, expectAllOnce, LARGE, liveRoughly, SMALL } from './pipeline-cases.js';
import { PipelineWorld } from './pipeline-world.js';
import { seeded } from './random.js';

describe('the pipeline', () => {
  it('brings everything into the tables once when nothing goes wrong', async () => {
    const world = new PipelineWorld(seeded(1), CALM);
    const workload = await world.fill(LARGE);
    expect((await world.live(Infinity)).finished).toBe(true);
    expectAllOnce(world, workload);
  });

  it.each([
    ['with all that it kept', () => undefined],
    ['without its commits', (world: PipelineWorld) => world.revealed.loseCommits()],
    ['without its store', (world: PipelineWorld) => world.loseStore()],
    [
      'with nothing but the tables',
      (world: PipelineWorld) => {
        world.revealed.loseCommits();
        world.loseStore();
      },
    ],
  ])(
    'goes on %s after a crash between any two steps',
    async (_, lose) => {
      const quiet = new PipelineWorld(seeded(7), CALM);
      await quiet.fill(SMALL);
      const { steps } = await quiet.live(Infinity);
      expect(steps).toBeGreaterThan(100);
      for (let diesAt = 0; diesAt < steps; diesAt++) {
        const world = new PipelineWorld(seeded(7), CALM);
        const workload = await world.fill(SMALL);
        await world.live(diesAt);
        lose(world);
        await world.finish();
        try {
          expectAllOnce(world, workload);
        } catch (cause) {
          throw new Error(`after a crash at step ${String(diesAt)}`, { cause });
        }
      }
    },
    300_000,
  );

  it.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'keeps every acknowledged batch once through crashes, losses and delays (seed %i)',
    liveRoughly,
  );
});
