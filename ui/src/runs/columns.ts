/** Columns of the runs table as fields of the filter language, and the value that a run has in each. Pure. */
import type { Aggregate, ColumnsAnswer, RunRow } from '../../../query/api.js';
import { metricRank } from '../chart/metric-rank.js';
import type { Numeric } from '../format/number.js';

export type Column =
  | { readonly kind: 'metric'; readonly name: string; readonly aggregate: Aggregate }
  | { readonly kind: 'param' | 'tag'; readonly name: string }
  | { readonly kind: 'field'; readonly name: FieldName };

export const fieldNames = [
  'name',
  'status',
  'started',
  'duration',
  'ended',
  'group',
  'job_type',
  'id',
  'notes',
] as const;
export type FieldName = (typeof fieldNames)[number];

export const aggregates: readonly Aggregate[] = ['last', 'min', 'max', 'mean'];
const roots = { metric: 'metrics', param: 'params', tag: 'tags' } as const;

/** As the filter language spells it: bare where it can be, else in back-ticks, and in double quotes when it has a back-tick itself. */
export function fieldOf(column: Column): string {
  if (column.kind === 'field') return column.name;
  return `${roots[column.kind]}.${spelled(column.name)}${column.kind === 'metric' ? '.' + column.aggregate : ''}`;
}

function spelled(name: string): string {
  if (/^[\p{L}\p{M}\p{N}_/:@%+-]+$/u.test(name)) return name;
  return name.includes('`') ? `"${name.replace(/["\\]/g, '\\$&')}"` : '`' + name + '`';
}

/** Undefined for what is no column. */
export function columnOf(field: string): Column | undefined {
  const plain = fieldNames.find((name) => name === field);
  if (plain !== undefined) return { kind: 'field', name: plain };
  const parts = /^(metrics|params|tags)\.(?:`([^`]+)`|"((?:[^"\\]|\\.)+)"|([^`"]+?))(?:\.(last|min|max|mean))?$/su.exec(
    field,
  );
  if (parts === null) return undefined;
  const [, root, ticked, quoted, bare = '', aggregate] = parts;
  const name = ticked ?? quoted?.replace(/\\(.)/gsu, '$1') ?? bare;
  if (root === 'metrics') return { kind: 'metric', name, aggregate: (aggregate as Aggregate | undefined) ?? 'last' };
  const kind = root === 'params' ? 'param' : 'tag';
  if (aggregate === undefined) return { kind, name };
  return ticked === undefined && quoted === undefined ? { kind, name: `${name}.${aggregate}` } : undefined;
}

export type CellValue =
  | { readonly kind: 'number'; readonly value: Numeric }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'none' };

const none: CellValue = { kind: 'none' };

/** What a run has in a metric, parameter or tag column; fields of the run itself have cells of their own. */
export function cellValue(column: Column, run: RunRow): CellValue {
  if (column.kind === 'field') return none;
  if (column.kind === 'metric') {
    const value = own(run.metrics, column.name)?.[column.aggregate];
    return value === undefined || value === null ? none : { kind: 'number', value };
  }
  const value = own(column.kind === 'param' ? run.params : run.tags, column.name);
  return value === undefined ? none : { kind: 'text', value };
}

const sampledRuns = 100;

/** Parameters are text: a column of them stands right when every value of the first runs is a number. */
export function looksNumeric(column: Column, runs: readonly RunRow[]): boolean {
  if (column.kind === 'metric') return true;
  if (column.kind === 'field') return column.name === 'duration';
  let seen = 0;
  for (const run of runs.slice(0, sampledRuns)) {
    const cell = cellValue(column, run);
    if (cell.kind !== 'text' || cell.value === '') continue;
    if (!Number.isFinite(Number(cell.value))) return false;
    seen += 1;
  }
  return seen > 0;
}

const metricsShown = 6;
const paramsShown = 8;

/** What a table shows before anyone chose: status and start, the metrics that read like results, the most frequent parameters. */
export function usualColumns(known: ColumnsAnswer): Column[] {
  const metrics = [...known.metrics]
    .map((metric, order) => ({ name: metric.name, order, rank: metricRank(metric.name) }))
    .sort((a, b) => a.rank - b.rank || a.order - b.order)
    .slice(0, metricsShown);
  return [
    { kind: 'field', name: 'status' },
    { kind: 'field', name: 'started' },
    { kind: 'field', name: 'duration' },
    ...metrics.map(({ name }): Column => ({ kind: 'metric', name, aggregate: 'last' })),
    ...known.params.slice(0, paramsShown).map(({ name }): Column => ({ kind: 'param', name })),
  ];
}

/** What stands before the last `/` of a metric's name. */
export function columnScope(column: Column): string {
  return column.kind === 'metric' ? column.name.slice(0, Math.max(0, column.name.lastIndexOf('/'))) : '';
}

/** The name without its scope. */
export function columnTitle(column: Column): string {
  if (column.kind === 'field') return column.name.replace('_', ' ');
  const scope = columnScope(column);
  return scope === '' ? column.name : column.name.slice(scope.length + 1);
}

/** First click: the greatest metric and the newest run on top, text from A. */
export const startsDescending = (column: Column): boolean =>
  column.kind === 'metric' || (column.kind === 'field' && column.name === 'started');

const own = <T>(record: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;
