/** Charts from real tables against a naive reference, on seeded questions over awkward data. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awkwardSeries, arrivals, type SeriesShape } from '../../test/reference/awkward-series.js';
import { effectiveRun, forkOf, newRun, rewind, type BranchingRun } from '../../test/reference/branching-runs.js';
import { expectAnswer } from '../../test/reference/expect-series.js';
import { referenceAnswer, type ReferencePoint, type ReferenceQuestion } from '../../test/reference/series-reference.js';
import { event, runStarted } from '../../test/control-events.js';
import { startSeriesServer, type SeriesServer } from '../../test/series-server.js';
import { seeded, type Random } from '../../test/simulation/random.js';

let server: SeriesServer;
beforeAll(async () => {
  server = await startSeriesServer();
});
afterAll(() => server?.stop());

/** The same things happen to the tables and to the model. */
class World {
  readonly runs: BranchingRun[] = [];

  constructor(private readonly random: Random) {}

  async start(id: string): Promise<BranchingRun> {
    await server.tables.apply(runStarted(id));
    const run = newRun(id);
    this.runs.push(run);
    return run;
  }

  async fork(parent: BranchingRun, id: string, step: number): Promise<BranchingRun> {
    await server.tables.apply(runStarted(id, { fork: { run: parent.id, step } }));
    const run = forkOf(parent, id, BigInt(step));
    this.runs.push(run);
    return run;
  }

  async rewind(run: BranchingRun, step: number): Promise<void> {
    await server.tables.apply(event('RunRewound', { run: run.id, step }));
    rewind(run, BigInt(step));
  }

  async log(run: BranchingRun, shapes: readonly SeriesShape[], generation = run.generations.length - 1): Promise<void> {
    const points = shapes.flatMap((shape) => awkwardSeries(this.random, shape));
    run.generations[generation]?.push(...points);
    for (const part of arrivals(this.random, points, 4)) await server.tables.write(run.id, part, generation);
  }
}

async function awkwardWorld(random: Random): Promise<World> {
  const world = new World(random);
  const rank = (n: number) => `{"rank":"${String(n)}"}`;

  const plain = await world.start('plain');
  await world.log(plain, [
    { key: 'loss', from: 0n, points: 3000, strideMax: 1, repeats: 0.05, odd: 0.05 },
    { key: 'acc', from: 0n, points: 60, strideMax: 100 },
    { key: 'epoch', from: 0n, points: 1500, strideMax: 3, rising: true, repeats: 0.1, odd: 0.02 },
  ]);
  const decimal = await world.start('decimal');
  await world.log(decimal, [
    { key: 'loss', from: -2000n, points: 2500, strideMax: 3, micros: true, repeats: 0.2, jumpyTimes: true },
    { key: 'epoch', from: -2000n, points: 2500, strideMax: 3, micros: true, rising: true },
    { key: 'loss', context: rank(0), from: -500n, points: 900, strideMax: 2, odd: 0.3 },
    { key: 'loss', context: rank(1), from: 10n, points: 20, strideMax: 2 },
    { key: 'epoch', context: rank(1), from: 0n, points: 40, strideMax: 1, rising: true },
  ]);
  const sparse = await world.start('sparse');
  await world.log(sparse, [
    { key: 'loss', from: -400_000n, points: 4000, strideMax: 900, repeats: 0.02 },
    { key: 'acc', from: 5n, points: 1, strideMax: 1 },
    { key: 'nothing finite', from: 0n, points: 700, strideMax: 2, odd: 1 },
  ]);
  const huge = await world.start('huge');
  await world.log(huge, [{ key: 'loss', from: -(2n ** 62n), points: 1500, strideMax: 2 ** 52, micros: true }]);

  const rewound = await world.start('rewound');
  await world.log(rewound, [{ key: 'loss', from: 0n, points: 2000, strideMax: 2, odd: 0.02 }]);
  await world.rewind(rewound, 1_500);
  await world.log(rewound, [{ key: 'loss', from: 1_400n, points: 1500, strideMax: 2 }]);
  await world.rewind(rewound, 777);
  await world.log(rewound, [
    { key: 'loss', from: 777n, points: 1200, strideMax: 3, repeats: 0.1 },
    { key: 'acc', from: 700n, points: 300, strideMax: 2 },
  ]);

  const child = await world.fork(rewound, 'child', 1_283);
  await world.log(child, [{ key: 'loss', from: 1_284n, points: 1500, strideMax: 2, micros: true }]);
  const grandchild = await world.fork(child, 'grandchild', 2_000);
  await world.log(grandchild, [
    { key: 'loss', from: 1_990n, points: 500, strideMax: 4, repeats: 0.3 },
    { key: 'epoch', from: 0n, points: 2000, strideMax: 2, rising: true },
  ]);
  const sibling = await world.fork(child, 'sibling', 2_000);
  await world.rewind(sibling, 1_000);
  await world.fork(plain, 'copy', 10_000);
  await world.fork(plain, 'early', -5);

  // late: into the parent of a fork on both sides of the cut, and into a generation that was rewound
  await world.log(rewound, [{ key: 'loss', from: 1_200n, points: 120, strideMax: 2 }]);
  await world.log(rewound, [{ key: 'loss', from: 0n, points: 400, strideMax: 5, odd: 0.1 }], 0);
  return world;
}

function zoom(random: Random, values: readonly number[]): Pick<ReferenceQuestion, 'from' | 'to'> {
  const at = () => {
    const value = random.pick(values) + random.pick([0, 0, 1, -1, 0.5, -0.25, 0.000001, 100.125]);
    return Math.abs(value) < 1e9 ? Math.round(value * 1e6) / 1e6 : Math.round(value);
  };
  const [a, b] = [at(), at()].sort((x, y) => x - y) as [number, number];
  return { ...(random.chance(0.7) ? { from: a } : {}), ...(random.chance(0.7) ? { to: b } : {}) };
}

function anyQuestion(random: Random, runs: readonly BranchingRun[]): ReferenceQuestion {
  const some = Array.from({ length: random.between(1, 4) }, () => random.pick(runs));
  const x = random.pick(['step', 'step', 'step', 'step', 'time', 'time', 'epoch']);
  const points = some.flatMap((run) => effectiveRun(run).points);
  const ofAxis = (point: ReferencePoint): number =>
    x === 'step' ? Number(point.step) : x === 'time' ? point.time : Number.isFinite(point.value) ? point.value : 0;
  const values = points.filter(({ key }) => x !== 'epoch' || key === 'epoch').map(ofAxis);
  return {
    runs: some.map(({ id }) => id),
    keys: Array.from({ length: random.between(1, 3) }, () =>
      random.pick(['loss', 'acc', 'epoch', 'nothing finite', 'no such key']),
    ),
    x,
    buckets: random.pick([1, 2, 3, 7, 20, 50, 100, 333, 1000]),
    ...(values.length > 0 && random.chance(0.6) ? zoom(random, values) : {}),
  };
}

describe('a chart', () => {
  it.each([1, 2, 3])('equals the naive reference on any question (seed %i)', async (seed) => {
    const random = seeded(seed);
    await server.empty();
    const world = await awkwardWorld(random);
    const runs = world.runs.map(effectiveRun);
    for (let i = 0; i < 100; i++) {
      const question = anyQuestion(random, world.runs);
      const name = `seed ${String(seed)}, question ${String(i)}: ${JSON.stringify(question)}`;
      const { status, body } = await server.ask(question);
      expect(status, `${name} ${JSON.stringify(body)}`).toBe(200);
      expectAnswer(body, referenceAnswer(runs, question), name);
    }
  });
});
