/** The schemas of the write side of the HTTP API: what requests may hold, checked once at the edge, and what the answers look like. */
import { z } from 'zod';
import { text } from '../events/bounded-text.js';
import { experimentName, runId, runName } from '../events/control-event.js';
import { limits } from '../runtime/limits.js';

const value = text({ bytesMax: limits.paramValueBytesMax, empty: true, controls: true });
/** A parameter may be given as a JSON scalar; it is kept as its text (numbers in their shortest form, booleans and null as words). */
const scalar = z
  .union([value, z.number(), z.boolean(), z.null()])
  .transform((v) => (typeof v === 'string' ? v : String(v)));

const paramKey = text({ bytesMax: limits.paramKeyBytesMax });
const tagKey = text({ bytesMax: limits.tagKeyBytesMax });
export const paramsSchema = z.record(paramKey, scalar);
const tagsSchema = z.record(tagKey, value);
const timeMs = z.number().int().min(0).max(8_640_000_000_000_000);

export const startRunRequest = z.strictObject({
  experiment: experimentName,
  id: runId.optional(),
  name: runName.optional(),
  group: runName.optional(),
  jobType: runName.optional(),
  parent: runId.optional(),
  fork: z.strictObject({ run: runId, step: z.number().int() }).optional(),
  params: paramsSchema.optional(),
  tags: tagsSchema.optional(),
  context: z.record(z.string(), z.unknown()).optional(),
  startedAt: timeMs.optional(),
});

export const updateRunRequest = z.strictObject({
  name: runName.optional(),
  notes: text({ bytesMax: limits.notesBytesMax, empty: true, controls: true }).optional(),
  /** null removes a tag. */
  tags: z.record(tagKey, z.union([value, z.null()])).optional(),
  archived: z.boolean().optional(),
});

export const setParamsRequest = z.strictObject({ params: paramsSchema });

export const finishRunRequest = z.strictObject({
  status: z.enum(['completed', 'failed', 'killed']),
  reason: text({ bytesMax: limits.reasonBytesMax, empty: true, controls: true }).optional(),
  at: timeMs.optional(),
});

export const rewindRunRequest = z.strictObject({ step: z.number().int() });

/** A step: an integer or decimal (6 digits make the micro-step), or a string for what lies beyond 2^53. */
const step = z.union([z.number(), z.string().regex(/^-?\d{1,19}(\.\d{1,6})?$/)]);
const metricValue = z.union([z.number(), z.literal('NaN'), z.literal('Infinity'), z.literal('-Infinity')]);

export const pointsRequest = z.strictObject({
  writer: text({ bytesMax: limits.writerIdBytesMax }),
  seq: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  generation: z.number().int().min(0).max(0xffff_fffe).optional(),
  series: z.array(
    z.strictObject({
      key: text({ bytesMax: limits.metricKeyBytesMax }),
      context: z.record(z.string(), z.string()).optional(),
      steps: z.array(step),
      values: z.array(metricValue),
      /** ms since the epoch; the time of receipt where left out. */
      times: z.array(timeMs).optional(),
    }),
  ),
});

export const experimentRequest = z.strictObject({ name: experimentName });

export const createKeyRequest = z.strictObject({
  name: runName,
  scope: z.enum(['read', 'write', 'admin']),
  expiresAt: timeMs.optional(),
});

/** A run as the write side knows it (the read side adds metrics and derives `crashed`). */
export interface RunAnswer {
  readonly id: string;
  readonly uuid: string;
  readonly experiment: { readonly id: string; readonly name: string };
  readonly name: string;
  readonly group: string;
  readonly jobType: string;
  readonly parent: string;
  readonly notes: string;
  readonly status: 'running' | 'completed' | 'failed' | 'killed' | 'crashed';
  readonly reason: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, string>>;
  readonly context: Readonly<Record<string, unknown>>;
  readonly generation: number;
  readonly createdAt: number;
  readonly startedAt: number;
  /** null while it runs. */
  readonly endedAt: number | null;
  readonly archived: boolean;
}

export interface RunWriteAnswer {
  readonly run: RunAnswer;
  readonly position: string;
}

export interface PointsAnswer {
  /** Points in the chunk. */
  readonly accepted: number;
  /** A hint: this instance has seen the batch before. The projector decides. */
  readonly duplicate: boolean;
  readonly position: string;
  /** Asks the job to stop. */
  readonly stop?: true;
}
