/** Random worlds for the reference: forks, rewinds and forks of forks around bucket edges, late, repeated and non-finite points, ties, unset fields. */
import type { Happening, LoggedPoint } from '../happenings.js';
import type { Random } from '../simulation/random.js';

export const METRICS = ['loss', 'acc', 'train/x y'] as const;
export const EXPERIMENTS = ['vision', "it's nlp/bert", 'gone', 'Zürich'] as const;
export const PARAMS = ['lr', 'opt', 'my key'] as const;
export const TAGS = ['team', 'odd`tag'] as const;

export const PARAM_TEXTS = [
  '0.1',
  '1e-1',
  '.1',
  '0.001',
  '1e-3',
  '10',
  '9',
  '-2',
  'adam',
  'Adam',
  'sgd',
  '',
  '1e999',
  'NaN',
  ' 1',
  "it's",
];
export const TAG_TEXTS = ['nlp', 'NLP', 'vision', '', 'a%b', 'a_b', '7'];
export const NAMES = ['bert', 'bert-2', 'BERT', 'resnet', 'ünïcode', ''];

/** Binary fractions: their sums are exact in any order. */
const VALUES = [-2, -0.5, 0, 0.25, 0.5, 0.5, 1, 1.5, 1024, NaN, NaN, Infinity, -Infinity];
/** Where buckets of 64, 4096 and 262144 steps begin and end, and their neighbours. */
const EDGES = [-262_144, -4096, -64, 0, 64, 128, 4096, 8192, 262_144, 266_240, 524_288];

const step = (random: Random) => random.pick(EDGES) + random.pick([-65, -64, -2, -1, 0, 0, 1, 2, 63, 64, 65]);

/** Offsets from now of the moments a server heard from runs; 90 seconds decide. */
const HEARD_AGO_MS = [0, 1000, 89_999, 90_000, 90_001, 120_000, 3_600_000];

export function generateWorld(random: Random, now: number, runs: number): Happening[] {
  const happenings: Happening[] = [];
  const ids: string[] = [];
  const open = new Set<string>();
  const generations = new Map<string, number>();
  for (let i = 0; i < runs; i++) {
    const id = `${random.pick(['run', 'Run', 'ü', '\u{1F600}', '\uffee'])}-${String(i)}`;
    const source = ids.length > 0 && random.chance(0.25) ? random.pick(ids) : undefined;
    const at = now - 120_000 - random.between(0, 10) * 43_200_000;
    happenings.push({
      type: 'start',
      run: id,
      experiment: random.pick(EXPERIMENTS),
      at: random.chance(0.1) ? now - random.pick(HEARD_AGO_MS) : at,
      ...(random.chance(0.5) ? { startedAt: at - random.between(0, 2) * 1000 } : {}),
      name: random.pick(NAMES) || 'unnamed',
      ...(random.chance(0.5) ? { group: random.pick(['g1', 'g2']) } : {}),
      ...(random.chance(0.5) ? { jobType: random.pick(['train', 'eval']) } : {}),
      ...(ids.length > 0 && random.chance(0.2) ? { parent: random.pick(ids) } : {}),
      ...(source === undefined ? {} : { fork: { run: source, step: step(random) } }),
      params: Object.fromEntries(PARAMS.filter(() => random.chance(0.6)).map((key) => [key, random.pick(PARAM_TEXTS)])),
      tags: Object.fromEntries(TAGS.filter(() => random.chance(0.6)).map((key) => [key, random.pick(TAG_TEXTS)])),
    });
    ids.push(id);
    open.add(id);
    generations.set(id, 0);
    for (let n = random.between(0, 5); n > 0; n--) happenings.push(...later(random, now, ids, open, generations));
  }
  happenings.push({ type: 'delete experiment', experiment: 'gone' });
  return happenings;
}

/** Something that happens to a run that is there. */
function later(
  random: Random,
  now: number,
  ids: string[],
  open: Set<string>,
  generations: Map<string, number>,
): Happening[] {
  const run = random.pick(ids);
  const at = now - random.pick(HEARD_AGO_MS);
  const generation = generations.get(run) ?? 0;
  const luck = random.next();
  if (luck < 0.6) {
    const points = Array.from({ length: random.between(1, 12) }, (): LoggedPoint =>
      random.chance(0.5)
        ? [step(random), random.pick(VALUES)]
        : [
            step(random),
            random.chance(0.3) ? random.between(1, 999_999) : 0,
            now - random.between(0, 3),
            random.pick(VALUES),
          ],
    );
    const context = random.chance(0.3) ? random.pick([{ rank: '0' }, { rank: '1', subset: 'val' }]) : undefined;
    return [
      {
        type: 'log',
        run,
        at,
        key: random.pick(METRICS),
        points,
        ...(context === undefined ? {} : { context }),
        ...(generation > 0 && random.chance(0.4) ? { generation: random.between(0, generation - 1) } : {}),
        ...(random.chance(0.1) ? { twice: true } : {}),
      },
    ];
  }
  if (luck < 0.7) {
    generations.set(run, generation + 1);
    return [{ type: 'rewind', run, step: step(random) }];
  }
  if (luck < 0.75) return [{ type: 'heartbeat', run, at }];
  if (luck < 0.8) return [{ type: 'params', run, params: { [random.pick(PARAMS)]: random.pick(PARAM_TEXTS) } }];
  if (luck < 0.87) {
    const tag = random.pick(TAGS);
    return [
      {
        type: 'update',
        run,
        notes: random.pick(['', 'good', 'line\nbreak']),
        tags: { [tag]: random.chance(0.5) ? null : random.pick(TAG_TEXTS) },
      },
    ];
  }
  if (luck < 0.9) return [{ type: 'update', run, archived: random.chance(0.7) }];
  if (luck < 0.92 && ids.length > 1) {
    // nothing may be asked of a deleted run any more
    ids.splice(ids.indexOf(run), 1);
    open.delete(run);
    return [{ type: 'delete', run }];
  }
  if (!open.delete(run)) return [];
  if (random.chance(0.2)) return [{ type: 'crash', run, at }];
  return [
    {
      type: 'finish',
      run,
      status: random.pick(['completed', 'failed', 'killed'] as const),
      at,
      reason: random.pick(['', 'OOM']),
    },
  ];
}
