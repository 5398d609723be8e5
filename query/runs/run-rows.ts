/** Rows of runs as answers show them: what is recorded of a run, with what hangs on it. */
import type { Columns } from '../../clickhouse/tables.js';
import { limits } from '../../runtime/limits.js';
import type { RunRow } from '../api.js';
import type { Catalog, Workspace } from '../catalog.js';
import type { QueryDeps } from '../deps.js';
import type { Field } from '../filter/ast.js';
import { uuidList, type Params } from '../sql/bindings.js';
import type { RunMemory } from './run-memory.js';
import { readParts, type RunParts } from './run-parts.js';

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
  readonly memory: RunMemory;
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
  const [records, parts] = await Promise.all([
    context.memory.records.through(context.workspace, uuids, async (missing) => {
      const found = await readRuns(context, `run IN ${uuidList(missing)}`);
      return new Map(found.map((run) => [run.uuid, run]));
    }),
    readParts(context, uuids, workspace, columns),
  ]);
  const runs = [...records.values()];
  const isComplete = runs.every(({ experiment }) => workspace.experiments.has(experiment));
  const named = isComplete ? workspace : await context.catalog.reread(context.workspace);
  return new Map(runs.map((run) => [run.uuid, runRow(run, parts, named, context.nowMs)]));
}
