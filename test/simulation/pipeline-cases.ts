/** What simulations of the pipeline have in common: how rough the world is, what is lost between lives, what must hold at the end. */
import { expect } from 'vitest';
import { expectTables } from './expect-series.js';
import { PipelineWorld } from './pipeline-world.js';
import { seeded, type Random } from './random.js';
import type { Workload, WorkloadSize } from './workload.js';

export const CALM = { transient: 0, delayMax: 0 };
const ROUGH = { transient: 0.1, delayMax: 6 };
export const SMALL: WorkloadSize = { runs: 2, writersPerRun: 1, batches: 24, rubbish: true };
export const LARGE: WorkloadSize = { runs: 4, writersPerRun: 2, batches: 120, rubbish: true };

/** What was acknowledged is in the tables once, and positions are told and committed. */
export function expectAllOnce(world: PipelineWorld, workload: Workload): void {
  const { tables } = world;
  expect(world.faults).toEqual([]);
  expectTables(
    {
      points: tables.rows('points'),
      rollups: tables.rows('rollups'),
      series: tables.rows('series'),
      seriesByRun: tables.rows('series_by_run'),
    },
    workload.points,
  );
  const batches = tables
    .rows('chunks')
    .map((row) => `${String(row['run'])} ${String(row['writer'])} ${String(row['seq'])}`);
  expect(batches.sort()).toEqual([...workload.batches].sort());
  const events = tables.rows('events').map((row) => Number(row['offset']));
  expect(events.sort((a, b) => a - b)).toEqual(Array.from({ length: workload.controlEvents }, (_, i) => i));
  const letters = tables
    .rows('dead_letters')
    .map((row) => `${String(row['topic'])}/${String(row['partition'])} ${String(row['offset'])}`);
  expect(letters.sort()).toEqual(
    workload.rubbish.map(({ at, offset }) => `${at.topic}/${String(at.partition)} ${String(offset)}`).sort(),
  );
  for (const [run, seenAt] of workload.lastSeen) {
    const seen = tables.rows('seen').filter((row) => row['run'] === run);
    expect(Math.max(...seen.map((row) => Number(row['seen_at'])))).toBe(seenAt);
  }
  for (const { uuid } of workload.runs) {
    const newest = tables
      .rows('runs')
      .filter((row) => row['run'] === uuid)
      .sort((a, b) => Number(b['version']) - Number(a['version']))[0];
    expect(newest?.['status']).toBe(world.store.runByUuid(uuid)?.status);
    const depth = tables.rows('params').filter((row) => row['run'] === uuid && row['key'] === 'depth');
    expect(new Set(depth.map((row) => row['number']))).toEqual(new Set([3]));
  }
  for (const at of world.revealed.partitions()) {
    const done = tables
      .rows('slices')
      .filter((row) => row['done'] === 1 && row['topic'] === at.topic && row['partition'] === at.partition);
    done.sort((a, b) => Number(a['first_offset']) - Number(b['first_offset']));
    const starts = done.map((row) => Number(row['first_offset']));
    const ends = done.map((row) => Number(row['last_offset']) + 1);
    expect([...starts, world.log.head(at)]).toEqual([0, ...ends]);
    const position = at.topic === 'control' ? world.published.control : world.published.metrics[at.partition];
    expect(position).toBe(world.log.head(at) - 1);
  }
}

function loseSomething(world: PipelineWorld, random: Random): void {
  if (random.chance(0.2)) world.revealed.loseCommits();
  else if (random.chance(0.1)) world.revealed.rewindCommits(random);
  if (random.chance(0.2)) world.loseStore();
}

/** Lives that end anywhere, with failures, delays and losses; then one that lives as long as it takes. */
export async function liveRoughly(seed: number): Promise<void> {
  const random = seeded(seed);
  const world = new PipelineWorld(random, ROUGH);
  const workload = await world.fill(random.chance(0.5) ? SMALL : LARGE);
  for (let lives = random.between(1, 12); lives > 0; lives--) {
    await world.live(random.between(1, 400));
    loseSomething(world, random);
  }
  await world.finish();
  expectAllOnce(world, workload);
}
