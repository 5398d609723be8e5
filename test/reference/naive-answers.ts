/** The answers to questions about a naive world, straight from the rules of the language: unset fulfils nothing, unset comes last. */
import { naiveStatus, naiveSummary, type NaiveRun, type NaiveSummary, type NaiveWorld } from './naive-runs.js';

/** A field's value: unset, or a number, or a text that may also count as a number. */
export type NaiveValue = undefined | { readonly number?: number; readonly text?: string };

/** A filter as a tree of its own, beside the text that says the same. */
export type NaiveFilter =
  | { readonly all: readonly NaiveFilter[] }
  | { readonly any: readonly NaiveFilter[] }
  | { readonly not: NaiveFilter }
  | { readonly field: string; readonly test: (value: { readonly number?: number; readonly text?: string }) => boolean }
  | { readonly unset: string };

export interface NaiveContext {
  readonly world: NaiveWorld;
  readonly now: number;
}

/** As Python, JavaScript and people write decimal numbers; nothing else is one. */
export function naiveNumber(text: string): number | undefined {
  const looksRight = /^[-+]?[0-9]*\.?[0-9]*([eE][-+]?[0-9]+)?$/.test(text) && /[0-9]/.test(text.split(/[eE]/)[0] ?? '');
  return looksRight && Number.isFinite(Number(text)) ? Number(text) : undefined;
}

const ofText = (text: string): NaiveValue => (text === '' ? undefined : { text });

const summaries = new WeakMap<NaiveRun, Map<string, NaiveSummary>>();

/** Every metric of a run. */
export function metricsOf({ world }: NaiveContext, run: NaiveRun): Map<string, NaiveSummary> {
  let known = summaries.get(run);
  if (known === undefined) {
    known = new Map();
    const points = world.pointsOf(run);
    for (const key of new Set(points.map((point) => point.key))) {
      const summary = naiveSummary(points.filter((point) => point.key === key));
      if (summary !== undefined) known.set(key, summary);
    }
    summaries.set(run, known);
  }
  return known;
}

/** `field` is written plainly: `params.lr`, `metrics.loss.min`, `name`; keys of the tests have no dots. */
export function naiveValue(context: NaiveContext, run: NaiveRun, field: string): NaiveValue {
  const [space = '', key = '', aggregate = 'last'] = field.split('.');
  switch (space) {
    case 'params': {
      const text = run.params.get(key);
      const number = text === undefined ? undefined : naiveNumber(text);
      return text === undefined ? undefined : number === undefined ? { text } : { text, number };
    }
    case 'tags': {
      const text = run.tags.get(key);
      return text === undefined ? undefined : { text };
    }
    case 'metrics': {
      const number = metricsOf(context, run).get(key)?.[aggregate as 'last' | 'min' | 'max' | 'mean' | 'count'];
      return number === undefined || Number.isNaN(number) ? undefined : { number };
    }
    case 'id':
      return ofText(run.id);
    case 'name':
      return ofText(run.name);
    case 'group':
      return ofText(run.group);
    case 'job_type':
      return ofText(run.jobType);
    case 'parent':
      return ofText(run.parent);
    case 'notes':
      return ofText(run.notes);
    case 'reason':
      return ofText(run.reason);
    case 'experiment':
      return ofText(run.experiment);
    case 'status':
      return { text: naiveStatus(run, context.now) };
    case 'started':
      return { number: run.started };
    case 'created':
      return { number: run.created };
    case 'ended':
      return run.ended === 0 ? undefined : { number: run.ended };
    case 'duration':
      return { number: (run.ended === 0 ? context.now : run.ended) - run.started };
    case 'archived':
      return { number: run.archived ? 1 : 0 };
    default:
      throw new Error(`no field ${field}`);
  }
}

export function naiveTest(context: NaiveContext, run: NaiveRun, filter: NaiveFilter): boolean {
  if ('all' in filter) return filter.all.every((item) => naiveTest(context, run, item));
  if ('any' in filter) return filter.any.some((item) => naiveTest(context, run, item));
  if ('not' in filter) return !naiveTest(context, run, filter.not);
  if ('unset' in filter) return naiveValue(context, run, filter.unset) === undefined;
  const value = naiveValue(context, run, filter.field);
  return value !== undefined && filter.test(value);
}

export const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Numbers, then texts, then unset; the direction turns numbers and texts round, never the three groups. */
function compareValues(a: NaiveValue, b: NaiveValue, descending: boolean): number {
  const rank = (value: NaiveValue) => (value === undefined ? 2 : value.number === undefined ? 1 : 0);
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  const sign = descending ? -1 : 1;
  if (a?.number !== undefined && b?.number !== undefined)
    return a.number === b.number ? 0 : sign * (a.number < b.number ? -1 : 1);
  return a?.text === undefined || b?.text === undefined ? 0 : sign * byBytes(a.text, b.text);
}

export interface NaiveSearch {
  readonly experiments: readonly string[] | undefined;
  readonly filter: NaiveFilter | undefined;
  readonly order: readonly { readonly field: string; readonly descending: boolean }[];
  readonly includeArchived: boolean;
}

/** All runs that match, in order. */
export function naiveSearch(
  context: NaiveContext,
  { experiments, filter, order, includeArchived }: NaiveSearch,
): NaiveRun[] {
  const keys = order.length === 0 ? [{ field: 'started', descending: true }] : order;
  return context.world.runs
    .filter((run) => !context.world.isHidden(run) && (includeArchived || !run.archived))
    .filter((run) => experiments === undefined || experiments.includes(run.experiment))
    .filter((run) => filter === undefined || naiveTest(context, run, filter))
    .sort((a, b) => {
      for (const { field, descending } of keys) {
        const sign = compareValues(naiveValue(context, a, field), naiveValue(context, b, field), descending);
        if (sign !== 0) return sign;
      }
      return byBytes(a.id, b.id);
    });
}

export interface NaiveTop {
  readonly metric: string;
  readonly aggregate: 'last' | 'min' | 'max' | 'mean';
  readonly descending: boolean;
  readonly k: number;
  readonly experiment: string | undefined;
  readonly filter: NaiveFilter | undefined;
  readonly includeArchived: boolean;
}

export function naiveTop(context: NaiveContext, top: NaiveTop): { readonly id: string; readonly value: number }[] {
  const field = `metrics.${top.metric}.${top.aggregate}`;
  return naiveSearch(context, {
    experiments: top.experiment === undefined ? undefined : [top.experiment],
    filter: top.filter,
    order: [{ field, descending: top.descending }],
    includeArchived: top.includeArchived,
  })
    .flatMap((run) => {
      const value = naiveValue(context, run, field)?.number;
      return value === undefined ? [] : [{ id: run.id, value }];
    })
    .slice(0, top.k);
}
