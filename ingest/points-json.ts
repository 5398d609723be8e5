/** Points in JSON columns: checked by hand where there is one check per point, and turned into the same chunk that binary clients send. */
import { z } from 'zod';
import { textFault } from '../events/bounded-text.js';
import type { Chunk } from '../events/chunk.js';
import { CURRENT_GENERATION } from '../events/chunk-layout.js';
import { canonicalContext } from '../events/metric-context.js';
import { limits } from '../runtime/limits.js';
import { Problem } from '../runtime/problem.js';
import { pointsRequest } from './api.js';
import { parseStep } from './decimal-step.js';
import { checkSchema, fieldOf } from './json.js';

const column = z.custom<readonly unknown[]>(Array.isArray, 'must be an array');

/** As `pointsRequest`, but the columns are only arrays yet: a schema per point would cost more than the rest of the request. */
const batchSchema = pointsRequest.extend({
  series: z.array(
    pointsRequest.shape.series.element.extend({ steps: column, values: column, times: column.optional() }),
  ),
});

type Batch = z.infer<typeof batchSchema>;
type Series = Batch['series'][number];

const WORDS: Readonly<Record<string, number>> = { NaN: NaN, Infinity: Infinity, '-Infinity': -Infinity };
const TIME_MAX = 8_640_000_000_000_000;

const refuse = (path: readonly PropertyKey[], detail: string) => {
  const field = fieldOf(path);
  return new Problem('invalid_request', `${field} ${detail}`, { field });
};

/** Throws a Problem that names the field, down to `series[2].steps[0]`. Points without times get `receivedAt`. */
export function chunkFromJson(body: unknown, receivedAt: number): Chunk {
  const batch = checkSchema(batchSchema, body);
  const rows = checkSeries(batch.series);
  const seriesIndex = new Uint32Array(rows);
  const step = new BigInt64Array(rows);
  const micro = new Int32Array(rows);
  const time = new BigInt64Array(rows);
  const value = new Float64Array(rows);
  let row = 0;
  let fractions = false;
  batch.series.forEach(({ steps, values, times }, s) => {
    for (let i = 0; i < steps.length; i++, row++) {
      const parsed = parseStep(steps[i]);
      if (typeof parsed === 'string') throw refuse(['series', s, 'steps', i], parsed);
      const number = parseValue(values[i]);
      if (number === undefined) {
        throw refuse(['series', s, 'values', i], 'must be a number or "NaN", "Infinity" or "-Infinity"');
      }
      const at = times === undefined ? receivedAt : times[i];
      if (!isTime(at)) throw refuse(['series', s, 'times', i], `must be whole ms, 0 to ${String(TIME_MAX)}`);
      seriesIndex[row] = s;
      step[row] = parsed.step;
      micro[row] = parsed.micro;
      fractions ||= parsed.micro !== 0;
      time[row] = BigInt(at);
      value[row] = number;
    }
  });
  return {
    kind: 'points',
    writer: batch.writer,
    seq: batch.seq,
    generation: batch.generation ?? CURRENT_GENERATION,
    series: batch.series.map(({ key, context }) => ({ key, context: canonicalContext(context ?? {}) })),
    seriesIndex,
    step,
    micro: fractions ? micro : undefined,
    time,
    value,
  };
}

/** What holds over whole series: lengths, counts, contexts, none twice. Gives the number of points. */
function checkSeries(series: readonly Series[]): number {
  if (series.length > limits.chunkSeriesMax) {
    throw refuse(['series'], `must be at most ${String(limits.chunkSeriesMax)} series`);
  }
  const seen = new Set<string>();
  let rows = 0;
  series.forEach(({ key, context, steps, values, times }, s) => {
    if (values.length !== steps.length) throw refuse(['series', s, 'values'], 'must be as many as steps');
    if (times !== undefined && times.length !== steps.length) {
      throw refuse(['series', s, 'times'], 'must be as many as steps');
    }
    const identity = `${key}\u0000${checkedContext(context ?? {}, s)}`;
    if (seen.has(identity)) throw refuse(['series', s], 'stands twice: put its points into one series');
    seen.add(identity);
    rows += steps.length;
  });
  if (rows === 0) throw refuse(['series'], 'must hold at least one point');
  if (rows > limits.chunkRowsMax) {
    throw new Problem('too_large', `a batch is at most ${String(limits.chunkRowsMax)} points`, { field: 'series' });
  }
  return rows;
}

function checkedContext(context: Readonly<Record<string, string>>, s: number): string {
  const entries = Object.entries(context);
  const bytesMax = limits.metricContextBytesMax;
  if (entries.length > limits.metricContextEntriesMax) {
    throw refuse(['series', s, 'context'], `must be at most ${String(limits.metricContextEntriesMax)} entries`);
  }
  for (const [name, value] of entries) {
    const fault = textFault(name, { bytesMax }) ?? textFault(value, { bytesMax, empty: true });
    if (fault !== undefined) throw refuse(['series', s, 'context', name], fault);
  }
  const canonical = canonicalContext(context);
  if (Buffer.byteLength(canonical) > bytesMax) {
    throw refuse(['series', s, 'context'], `must be at most ${String(bytesMax)} bytes as JSON`);
  }
  return canonical;
}

function parseValue(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return typeof value === 'string' && Object.hasOwn(WORDS, value) ? WORDS[value] : undefined;
}

const isTime = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= TIME_MAX;
