/** Runs by their internal ids, whole: attributes, parameters, tags and metrics, each read from the table that lies by run. */
import type { Columns } from '../../clickhouse/tables.js';
import { limits } from '../../runtime/limits.js';
import type { MetricSummary, RunRow } from '../api.js';
import type { Catalog, Workspace } from '../catalog.js';
import type { QueryDeps } from '../deps.js';
import type { Field } from '../filter/ast.js';
import { Bindings, uuidList, type Params } from '../sql/bindings.js';
import { metricRows } from '../sql/metric-rows.js';
import { floatOf, SUMMARY_COLUMNS, SUMMARY_STATES, summaryAt } from './summary.js';

/** A row of `runs`, as it is recorded. */
export interface RecordedRun {
  readonly uuid: string;
  readonly id: string;
  readonly experiment: string;
  readonly name: string;
  readonly group: string;
  readonly jobType: string;
  readonly parent: string;
  readonly notes: string;
  readonly status: RunRow['status'];
  readonly reason: string;
  readonly generation: number;
  readonly createdAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly archived: boolean;
  readonly deleted: boolean;
  /** JSON, when it was asked for. */
  readonly context: string;
}

export interface RunsContext {
  readonly deps: QueryDeps;
  readonly catalog: Catalog;
  readonly workspace: string;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** Rows of `runs` that fulfil a condition on it. */
export async function readRuns(
  { deps, workspace, signal }: RunsContext,
  where: string,
  options: { readonly params?: Params; readonly withContext?: boolean } = {},
): Promise<RecordedRun[]> {
  const answer = await deps.tables.queryColumns(
    `SELECT run AS uuid, id, experiment, name, group, job_type, parent, notes, status, reason, generation, archived, deleted,` +
      ` toUnixTimestamp64Milli(created_at) AS created, toUnixTimestamp64Milli(started_at) AS started,` +
      ` toUnixTimestamp64Milli(ended_at) AS ended${options.withContext === true ? ', context' : ''} FROM runs FINAL WHERE ${where}`,
    { database: deps.database, workspace, signal, ...(options.params === undefined ? {} : { params: options.params }) },
  );
  return Array.from({ length: answer.rows }, (_, row) => recordedRun(answer, row));
}

function recordedRun({ columns }: Columns, row: number): RecordedRun {
  const text = (name: string) => String(columns[name]?.[row] ?? '');
  const number = (name: string) => Number(columns[name]?.[row] ?? 0);
  return {
    uuid: text('uuid'),
    id: text('id'),
    experiment: text('experiment'),
    name: text('name'),
    group: text('group'),
    jobType: text('job_type'),
    parent: text('parent'),
    notes: text('notes'),
    status: text('status') as RunRow['status'],
    reason: text('reason'),
    generation: number('generation'),
    createdAt: number('created'),
    startedAt: number('started'),
    endedAt: number('ended'),
    archived: number('archived') === 1,
    deleted: number('deleted') === 1,
    context: text('context'),
  };
}

type ByRun<T> = ReadonlyMap<string, Readonly<Record<string, T>>>;

/** What hangs on runs, by internal id. */
export interface RunParts {
  readonly params: ByRun<string>;
  readonly tags: ByRun<string>;
  readonly metrics: ByRun<MetricSummary>;
  readonly seen: ReadonlyMap<string, number>;
}

/** `columns` restricts parameters, tags and metrics to the ones named; attributes are always there. */
export async function readParts(
  { deps, workspace, signal }: RunsContext,
  uuids: readonly string[],
  { forks }: Workspace,
  columns?: readonly Field[],
): Promise<RunParts> {
  if (uuids.length === 0) return { params: new Map(), tags: new Map(), metrics: new Map(), seen: new Map() };
  const runs = uuidList(uuids);
  const ask = (sql: string, bindings: Bindings) =>
    deps.tables.queryColumns(sql, { database: deps.database, workspace, signal, params: bindings.params });
  const entries = async (space: 'param' | 'tag'): Promise<ByRun<string>> => {
    const keys = keysOf(columns, space);
    if (keys?.length === 0) return new Map();
    const bindings = new Bindings();
    const where =
      (keys === undefined ? '' : ` AND key IN ${bindings.texts(keys)}`) + (space === 'tag' ? ' AND removed = 0' : '');
    const answer = await ask(
      `SELECT run, key, value FROM ${space}s_by_run FINAL WHERE run IN ${runs}${where}`,
      bindings,
    );
    return byRun(answer, (row) => String(answer.columns['value']?.[row] ?? ''));
  };
  const metrics = async (): Promise<ByRun<MetricSummary>> => {
    const keys = keysOf(columns, 'metric');
    if (keys?.length === 0) return new Map();
    const bindings = new Bindings();
    const list = keys === undefined ? undefined : bindings.texts(keys);
    const rows = metricRows({
      states: SUMMARY_STATES,
      keys: list === undefined ? undefined : (column) => `${column} IN ${list}`,
      runs: uuids,
      forks,
      bindings,
    });
    const answer = await ask(`SELECT run, key, ${SUMMARY_COLUMNS} FROM ${rows} GROUP BY run, key`, bindings);
    return byRun(answer, (row) => summaryAt(answer, row));
  };
  const seen = async (): Promise<ReadonlyMap<string, number>> => {
    const answer = await ask(
      `SELECT run, toUnixTimestamp64Milli(max(seen_at)) AS at FROM seen WHERE run IN ${runs} GROUP BY run`,
      new Bindings(),
    );
    return new Map(
      (answer.columns['run'] ?? []).map((run, row) => [String(run), floatOf(answer.columns['at']?.[row] ?? 0)]),
    );
  };
  const [params, tags, summaries, heard] = await Promise.all([entries('param'), entries('tag'), metrics(), seen()]);
  return { params, tags, metrics: summaries, seen: heard };
}

function keysOf(columns: readonly Field[] | undefined, space: 'param' | 'tag' | 'metric'): string[] | undefined {
  if (columns === undefined) return undefined;
  const keys = new Set<string>();
  for (const field of columns) if (field.space === space) keys.add(field.key);
  return [...keys];
}

/** Rows (run, key, …) to one record per run. Keys are what users named them, so records are made without touching prototypes. */
function byRun<T>(answer: Columns, valueAt: (row: number) => T): ByRun<T> {
  const runs = answer.columns['run'] ?? [];
  const keys = answer.columns['key'] ?? [];
  const entries = new Map<string, [string, T][]>();
  for (let row = 0; row < answer.rows; row++) {
    const run = String(runs[row]);
    const known = entries.get(run);
    const entry: [string, T] = [String(keys[row]), valueAt(row)];
    if (known === undefined) entries.set(run, [entry]);
    else known.push(entry);
  }
  return new Map([...entries].map(([run, list]) => [run, Object.fromEntries(list.sort(byKey))]));
}

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : a > b ? 1 : 0);

/** The row as answers show it. A running run that was not heard of for too long counts as crashed. */
export function runRow(run: RecordedRun, parts: RunParts, workspace: Workspace, nowMs: number): RunRow {
  const seenAt = parts.seen.get(run.uuid) ?? null;
  const isSilent = Math.max(seenAt ?? 0, run.createdAt) < nowMs - limits.crashedAfterMs;
  return {
    id: run.id,
    uuid: run.uuid,
    experiment: { id: run.experiment, name: workspace.experiments.get(run.experiment)?.name ?? '' },
    name: run.name,
    group: run.group,
    jobType: run.jobType,
    parent: run.parent,
    notes: run.notes,
    status: run.status === 'running' && isSilent ? 'crashed' : run.status,
    reason: run.reason,
    params: parts.params.get(run.uuid) ?? {},
    tags: parts.tags.get(run.uuid) ?? {},
    metrics: parts.metrics.get(run.uuid) ?? {},
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    endedAt: run.endedAt === 0 ? null : run.endedAt,
    seenAt,
    archived: run.archived,
    generation: run.generation,
  };
}

/** The runs of a page, in the order given. A run that vanished meanwhile is left out. */
export async function runRows(
  context: RunsContext,
  uuids: readonly string[],
  columns?: readonly Field[],
): Promise<Map<string, RunRow>> {
  if (uuids.length === 0) return new Map();
  const workspace = await context.catalog.of(context.workspace);
  const [runs, parts] = await Promise.all([
    readRuns(context, `run IN ${uuidList(uuids)}`),
    readParts(context, uuids, workspace, columns),
  ]);
  const isComplete = runs.every(({ experiment }) => workspace.experiments.has(experiment));
  const named = isComplete ? workspace : await context.catalog.reread(context.workspace);
  return new Map(runs.map((run) => [run.uuid, runRow(run, parts, named, context.nowMs)]));
}
