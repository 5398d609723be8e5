/** RunChanged → rows of `runs` and of `segments`. */
import {
  integerColumn,
  lowCardinalityColumnOf,
  nativeBlock,
  numberColumn,
  stringColumn,
  timeColumn,
  uuidColumnOf,
} from '../clickhouse/native.js';
import { lastByKey, type FactAt, type TableBlock } from './fact-at.js';

export function projectRuns(facts: readonly FactAt<'RunChanged'>[]): TableBlock[] {
  const rows = lastByKey(facts, ({ fact }) => fact.run.uuid);
  if (rows.length === 0) return [];
  const runs = rows.map(({ fact }) => fact.run);
  const block = nativeBlock([
    lowCardinalityColumnOf(
      'workspace',
      runs.map((r) => r.workspace),
    ),
    uuidColumnOf(
      'run',
      runs.map((r) => r.uuid),
    ),
    stringColumn(
      'id',
      runs.map((r) => r.id),
    ),
    uuidColumnOf(
      'experiment',
      runs.map((r) => r.experiment),
    ),
    stringColumn(
      'name',
      runs.map((r) => r.name),
    ),
    stringColumn(
      'group',
      runs.map((r) => r.group),
    ),
    stringColumn(
      'job_type',
      runs.map((r) => r.jobType),
    ),
    stringColumn(
      'parent',
      runs.map((r) => r.parent),
    ),
    stringColumn(
      'notes',
      runs.map((r) => r.notes),
    ),
    lowCardinalityColumnOf(
      'status',
      runs.map((r) => r.status),
    ),
    stringColumn(
      'reason',
      runs.map((r) => r.reason),
    ),
    stringColumn(
      'context',
      runs.map((r) => JSON.stringify(r.context)),
    ),
    numberColumn(
      'generation',
      'UInt32',
      Uint32Array.from(runs, (r) => r.generation),
    ),
    numberColumn(
      'has_segments',
      'UInt8',
      Uint8Array.from(runs, (r) => Number(r.segments.length > 0)),
    ),
    timeColumn(
      'created_at',
      runs.map((r) => r.createdAt),
    ),
    timeColumn(
      'started_at',
      runs.map((r) => r.startedAt),
    ),
    timeColumn(
      'ended_at',
      runs.map((r) => r.endedAt),
    ),
    numberColumn(
      'archived',
      'UInt8',
      Uint8Array.from(runs, (r) => Number(r.archived)),
    ),
    numberColumn(
      'deleted',
      'UInt8',
      Uint8Array.from(runs, (r) => Number(r.deleted)),
    ),
    integerColumn(
      'version',
      'UInt64',
      rows.map(({ offset }) => offset),
    ),
  ]);
  return [{ table: 'runs', block }, ...projectSegments(rows)];
}

function projectSegments(facts: readonly FactAt<'RunChanged'>[]): TableBlock[] {
  const rows = facts.flatMap(({ offset, fact }) =>
    fact.run.segments.map((segment) => ({ offset, run: fact.run, segment })),
  );
  if (rows.length === 0) return [];
  const block = nativeBlock([
    lowCardinalityColumnOf(
      'workspace',
      rows.map(({ run }) => run.workspace),
    ),
    uuidColumnOf(
      'run',
      rows.map(({ run }) => run.uuid),
    ),
    uuidColumnOf(
      'source',
      rows.map(({ segment }) => segment.run),
    ),
    numberColumn(
      'source_generation',
      'UInt32',
      Uint32Array.from(rows, ({ segment }) => segment.generation),
    ),
    integerColumn(
      'cut',
      'Int64',
      rows.map(({ segment }) => segment.cut),
    ),
    integerColumn(
      'version',
      'UInt64',
      rows.map(({ offset }) => offset),
    ),
  ]);
  return [{ table: 'segments', block }];
}
