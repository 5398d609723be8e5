/** The pipeline's simulation for as long as one likes: SEEDS cases from a fresh seed, which is printed; SEED=n repeats one. */
import { it } from 'vitest';
import { liveRoughly } from './pipeline-cases.js';

const given = process.env['SEED'];
const first = given === undefined ? (process.hrtime()[1] ^ process.pid) >>> 0 : Number(given);
const count = given === undefined ? Number(process.env['SEEDS'] ?? 2000) : 1;

it.each(Array.from({ length: count }, (_, i) => first + i))(
  'every acknowledged batch is there once (SEED=%i)',
  liveRoughly,
);
