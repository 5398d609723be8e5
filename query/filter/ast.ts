/** The filter as a tree: what it compares with what, where each part stands in the text, and nothing about tables. */

/** Attributes of a run that a filter and an order can name. */
export const attributeNames = [
  'id',
  'name',
  'status',
  'group',
  'job_type',
  'parent',
  'experiment',
  'notes',
  'reason',
  'started',
  'ended',
  'created',
  'duration',
  'archived',
] as const;
export type AttributeName = (typeof attributeNames)[number];

export const metricAggregates = ['last', 'min', 'max', 'mean', 'count'] as const;
export type MetricAggregate = (typeof metricAggregates)[number];

export type Field =
  | { readonly space: 'attribute'; readonly name: AttributeName }
  | { readonly space: 'param'; readonly key: string }
  | { readonly space: 'tag'; readonly key: string }
  | { readonly space: 'metric'; readonly key: string; readonly aggregate: MetricAggregate };

export type ParamField = Extract<Field, { space: 'param' }>;
export type TagField = Extract<Field, { space: 'tag' }>;
export type MetricField = Extract<Field, { space: 'metric' }>;

/** What a field can be compared with, already fitted to the field: a time is in ms, a span too. */
export type Operand =
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'boolean'; readonly value: boolean }
  /** ms before (negative) or after the moment of the question. */
  | { readonly type: 'relative'; readonly value: number };

export type CompareOperator = '=' | '!=' | '<' | '<=' | '>' | '>=';

export type Filter =
  | { readonly kind: 'and'; readonly items: readonly Filter[] }
  | { readonly kind: 'or'; readonly items: readonly Filter[] }
  | { readonly kind: 'not'; readonly item: Filter }
  | Condition;

/** `negated` belongs to the operator (`!=`, NOT IN, `!~`): an unset field fulfils none of these either. */
export type Condition =
  | {
      readonly kind: 'compare';
      readonly field: Field;
      readonly operator: CompareOperator;
      readonly operand: Operand;
    }
  | { readonly kind: 'in'; readonly field: Field; readonly operands: readonly Operand[]; readonly negated: boolean }
  | {
      readonly kind: 'match';
      readonly field: Field;
      readonly by: 'like' | 'ilike' | 'regex';
      readonly pattern: string;
      /** 1-based, of the pattern: an invalid regex is reported there. */
      readonly column: number;
      readonly negated: boolean;
    }
  | { readonly kind: 'unset'; readonly field: Field };

/** Every condition of a filter, in the order of the text. */
export function* conditionsOf(filter: Filter): Generator<Condition> {
  if (filter.kind === 'and' || filter.kind === 'or') for (const item of filter.items) yield* conditionsOf(item);
  else if (filter.kind === 'not') yield* conditionsOf(filter.item);
  else yield filter;
}
