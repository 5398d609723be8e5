/** The schemas of the read side of the HTTP API: questions, checked once at the edge, and the shapes of answers. */
import { z } from 'zod';
import { text } from '../events/bounded-text.js';
import { limits } from '../runtime/limits.js';

const runIdText = text({ bytesMax: limits.runIdBytesMax, pathSafe: true });
const metricKey = text({ bytesMax: limits.metricKeyBytesMax });
const filterText = text({ bytesMax: limits.filterBytesMax, empty: true, controls: true });

export const aggregates = ['last', 'min', 'max', 'mean'] as const;
export type Aggregate = (typeof aggregates)[number];

/**
 * `columns` and `orderBy` name fields of the filter language: `name`, `status`, `started`, `params.lr`, `tags.team`, `metrics.loss`,
 * `metrics.loss.min`, back-ticks for odd names. Without `columns` every parameter, tag and metric of the page's runs is returned.
 */
export const searchRequest = z.strictObject({
  experiments: z
    .array(text({ bytesMax: limits.experimentNameBytesMax }))
    .max(1000)
    .optional(),
  filter: filterText.optional(),
  orderBy: z
    .array(text({ bytesMax: 2 * limits.metricKeyBytesMax }))
    .max(10)
    .optional(),
  limit: z.number().int().min(1).max(limits.searchRunsMax).default(100),
  cursor: z.string().max(limits.filterBytesMax).optional(),
  columns: z
    .array(text({ bytesMax: 2 * limits.metricKeyBytesMax }))
    .max(limits.searchColumnsMax)
    .optional(),
  includeArchived: z.boolean().default(false),
});

export const topRequest = z.strictObject({
  metric: metricKey,
  k: z.coerce.number().int().min(1).max(limits.topRunsMax).default(10),
  order: z.enum(['max', 'min']).default('max'),
  aggregate: z.enum(aggregates).default('last'),
  experiment: text({ bytesMax: limits.experimentNameBytesMax }).optional(),
  filter: filterText.optional(),
});

export const seriesRequest = z.strictObject({
  runs: z.array(runIdText).min(1).max(limits.seriesRunsMax),
  keys: z.array(metricKey).min(1).max(limits.seriesKeysMax),
  /** The x axis: `step`, `time` (ms), or a metric key. */
  x: metricKey.default('step'),
  from: z.number().optional(),
  to: z.number().optional(),
  buckets: z.number().int().min(1).max(limits.seriesBucketsMax).default(limits.seriesBucketsDefault),
});

export const compareRequest = z.strictObject({
  runs: z.array(runIdText).min(1).max(limits.compareRunsMax),
  reference: runIdText.optional(),
  onlyDifferent: z.boolean().default(false),
});

export type SearchRequest = z.infer<typeof searchRequest>;
export type TopRequest = z.infer<typeof topRequest>;
export type SeriesRequest = z.infer<typeof seriesRequest>;
export type CompareRequest = z.infer<typeof compareRequest>;

/** A float in JSON: NaN and infinities travel as words, as in the points request. */
export type JsonFloat = number | 'NaN' | 'Infinity' | '-Infinity';

export interface MetricSummary {
  /** Value at the greatest (step, micro-step, time, value). */
  readonly last: JsonFloat | null;
  /** Over finite values; null when there are none. */
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  readonly count: number;
  readonly nonFinite: number;
  readonly firstStep: number;
  readonly lastStep: number;
}

export interface RunRow {
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
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, MetricSummary>>;
  readonly createdAt: number;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** When the server last heard from it, ms; null when never. */
  readonly seenAt: number | null;
  readonly archived: boolean;
  readonly generation: number;
}

export interface RunDetail extends RunRow {
  readonly context: Readonly<Record<string, unknown>>;
  /** Where a metric was logged with a context, each context by itself; `metrics` has them merged. */
  readonly contexts: readonly {
    readonly key: string;
    readonly context: Readonly<Record<string, string>>;
    readonly summary: MetricSummary;
  }[];
}

export interface RunAnswer {
  readonly run: RunDetail;
}

export interface SearchAnswer {
  readonly runs: readonly RunRow[];
  /** Cursor of the next page, null at the end. */
  readonly next: string | null;
  /** Runs that match in all. */
  readonly total: number;
}

export interface TopAnswer {
  /** The last value may be infinite, the other aggregates are over finite values. */
  readonly runs: readonly { readonly value: JsonFloat; readonly run: RunRow }[];
}

/** Columns of one line of a chart. With `raw`, every point is there: own `x` and `last`, the other columns are left out. */
export interface SeriesColumns {
  readonly run: string;
  readonly key: string;
  readonly context: Readonly<Record<string, string>>;
  readonly raw: boolean;
  /** Own x values when raw. */
  readonly x?: readonly number[];
  /** null where a bucket is empty. */
  readonly last: readonly (JsonFloat | null)[];
  readonly first?: readonly (JsonFloat | null)[];
  readonly min?: readonly (number | null)[];
  readonly max?: readonly (number | null)[];
  readonly mean?: readonly (number | null)[];
  /** Population standard deviation of finite values. */
  readonly std?: readonly (number | null)[];
  readonly count?: readonly number[];
  readonly nonFinite?: readonly number[];
}

export interface SeriesAnswer {
  /** Lower edges of the shared grid's cells, ascending. */
  readonly x: readonly number[];
  /** Width of a cell in units of x; 0 when all is raw. */
  readonly width: number;
  /** `exact`, or how x was mapped: `rollup` (through the first and last times of whole buckets). */
  readonly mapping: 'exact' | 'rollup';
  readonly series: readonly SeriesColumns[];
}

/** One row of a comparison; `values` is in the order of the runs, null where a run has none. */
export interface CompareRow {
  readonly name: string;
  readonly values: readonly (string | number | null)[];
  readonly different: boolean;
  /** Numeric difference to the reference run, where both are numbers. */
  readonly deltas?: readonly (number | null)[];
}

export interface CompareAnswer {
  readonly runs: readonly { readonly id: string; readonly name: string; readonly status: string }[];
  readonly params: readonly CompareRow[];
  readonly metrics: readonly CompareRow[];
  readonly tags: readonly CompareRow[];
  readonly context: readonly CompareRow[];
  readonly packages: readonly CompareRow[];
}

export interface ExperimentRow {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly deleted: boolean;
  readonly runs: number;
  readonly running: number;
  /** ms of the newest run's start, null when there is none. */
  readonly lastStartedAt: number | null;
}

export interface ExperimentsAnswer {
  readonly experiments: readonly ExperimentRow[];
}

/** What can be a column or stand in a filter: names with how many runs have them, most frequent first. */
export interface ColumnsAnswer {
  readonly params: readonly { readonly name: string; readonly runs: number }[];
  readonly tags: readonly { readonly name: string; readonly runs: number }[];
  readonly metrics: readonly { readonly name: string; readonly runs: number }[];
}

/** A record that could not be projected, by its place on the log. */
export interface DeadLetterRow {
  readonly topic: 'control' | 'metrics';
  readonly partition: number;
  readonly offset: number;
  /** When the projector met it, ms. */
  readonly at: number;
  readonly reason: string;
  /** Whose it is; '' where the record no longer says so. */
  readonly workspace: string;
  /** Bytes of the record. */
  readonly size: number;
  /** When it was retried, and its offset as it was appended anew. */
  readonly retry: { readonly at: number; readonly retriedAs: number } | null;
}

export interface DeadLettersAnswer {
  readonly letters: readonly DeadLetterRow[];
  /** Cursor of the next page, null at the end. */
  readonly next: string | null;
  readonly total: number;
}

/** What could still be read of a record: its envelope and chunk, or the control event. */
export type LetterHeader =
  | {
      readonly envelope: {
        readonly workspace: string;
        readonly run: string;
        readonly receivedAt: number;
        readonly generation: number;
      };
      readonly chunk: {
        readonly kind: string;
        readonly writer: string;
        readonly seq: number;
        readonly rows: number;
        /** The first few. */
        readonly keys: readonly string[];
      } | null;
    }
  | { readonly event: unknown };

export interface DeadLetterAnswer {
  readonly letter: DeadLetterRow & {
    readonly header: LetterHeader | null;
    /** The record in base64; of one over 1 MiB its beginning. */
    readonly bytes: string;
    readonly truncated: boolean;
  };
}

/** An event of `GET /api/v1/live?runs=a,b` or `?experiment=NAME` (SSE; `id:` is a position, `event:` is `changed`). */
export interface LiveEvent {
  /** Runs whose record (status, params, tags) changed. */
  readonly runs: readonly string[];
  /** Runs with new points, with the keys concerned and their new summary. */
  readonly points: readonly {
    readonly run: string;
    readonly key: string;
    readonly last: JsonFloat;
    readonly lastStep: number;
    readonly count: number;
  }[];
  readonly position: string;
}
