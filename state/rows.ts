/** The layout of the folded state as rows in tables, shared by all stores: which rows a change writes, and how records are read back. */
import type { Change } from './judged.js';
import { dictionaryOf } from './params-and-tags.js';
import type { FirstVerdict, StateReader } from './reader.js';
import { letterName } from './dead-letters.js';
import type { ExperimentRecord, Fact, KeyRecord, RetryRecord, RunRecord } from './types.js';

/** The context of a run may be 4 MiB and never changes: it has a row of its own, read only when somebody looks at it. */
export type StoredRun = Omit<RunRecord, 'context'>;

/** Every row is found by (table, group, item); a table lists the items of one group. */
export interface Tables {
  /** (workspace, experiment id) */
  readonly experiments: ExperimentRecord;
  /** (workspace, name) → experiment id */
  readonly experimentNames: string;
  /** (workspace, run id) */
  readonly runs: StoredRun;
  /** (uuid, '') */
  readonly contexts: RunRecord['context'];
  /** (uuid, '') → [workspace, run id] */
  readonly runIds: readonly [string, string];
  /** ('', uuid) → [workspace, run id], while the run is open */
  readonly openRuns: readonly [string, string];
  /** (uuid, key) */
  readonly params: string;
  /** ('', key) */
  readonly keys: KeyRecord;
  /** ('', name of the letter's place) */
  readonly retries: RetryRecord;
  /** (workspace, key) */
  readonly workspaceKeys: true;
  /** (command id, '') */
  readonly verdicts: FirstVerdict;
  /** ('', offset) → command id, to forget the oldest */
  readonly verdictOffsets: string;
  /** ('', offset): facts that are kept until they are committed */
  readonly facts: readonly Fact[];
  /** ('', ''): which generation of the tables readers see, once it is not the first */
  readonly generation: number;
  /** ('', 'folded' | 'epoch' | 'format') */
  readonly meta: number | string;
}

export type TableName = keyof Tables;
export type Item = string | number;

/** A row to write; `undefined` removes it. */
export interface Row {
  readonly table: TableName;
  readonly group: string;
  readonly item: Item;
  readonly value: unknown;
}

export interface RowReader {
  get<T extends TableName>(table: T, group: string, item: Item): Tables[T] | undefined;
}

export interface RowSource extends RowReader {
  /** The items of a group, numbers ascending, texts in no particular order. */
  list<T extends TableName>(table: T, group: string): Iterable<readonly [Item, Tables[T]]>;
}

const row = <T extends TableName>(table: T, group: string, item: Item, value: Tables[T] | undefined): Row => ({
  table,
  group,
  item,
  value,
});

const isOpen = (run: RunRecord | undefined): boolean =>
  run !== undefined && !run.deleted && (run.status === 'running' || run.status === 'crashed');

type ChangeRows = { readonly [T in Change['type']]: (change: Extract<Change, { readonly type: T }>) => Row[] };

const changeRows: ChangeRows = {
  experiment({ experiment, before }) {
    const { workspace, id, name } = experiment;
    const rows = [row('experiments', workspace, id, experiment)];
    if (before?.name === name) return rows;
    if (before !== undefined) rows.push(row('experimentNames', workspace, before.name, undefined));
    return [...rows, row('experimentNames', workspace, name, id)];
  },
  run({ run: { context, ...run }, run: after, before }) {
    const at = [run.workspace, run.id] as const;
    const rows = [row('runs', ...at, run)];
    if (before === undefined) {
      rows.push(row('runIds', run.uuid, '', at));
      if (Object.keys(context).length > 0) rows.push(row('contexts', run.uuid, '', context));
    }
    if (isOpen(after) !== isOpen(before)) {
      rows.push(row('openRuns', '', run.uuid, isOpen(after) ? at : undefined));
    }
    return rows;
  },
  param: ({ run, key, value }) => [row('params', run, key, value)],
  key: ({ key }) => [row('keys', '', key.key, key), row('workspaceKeys', key.workspace, key.key, true)],
  generation: ({ generation }) => [row('generation', '', '', generation)],
  retry: ({ retry }) => [row('retries', '', letterName(retry), retry)],
  verdict: ({ commandId, first }) => [
    row('verdicts', commandId, '', first),
    row('verdictOffsets', '', first.offset, commandId),
  ],
};

export function rowsOf(change: Change): Row[] {
  const rows = changeRows[change.type] as (change: Change) => Row[];
  return rows(change);
}

function readRun(source: RowReader, workspace: string, id: string): RunRecord | undefined {
  const stored = source.get('runs', workspace, id);
  if (stored === undefined) return undefined;
  return {
    ...stored,
    tags: dictionaryOf(Object.entries(stored.tags)),
    get context() {
      return dictionaryOf(Object.entries(source.get('contexts', stored.uuid, '') ?? {}));
    },
  };
}

function readExperimentByName(source: RowReader, workspace: string, name: string): ExperimentRecord | undefined {
  const id = source.get('experimentNames', workspace, name);
  return id === undefined ? undefined : source.get('experiments', workspace, id);
}

/** The part of the reader that needs no lists: what the fold reads. */
export function createFoldReader(source: RowReader) {
  return {
    run: (workspace: string, id: string) => readRun(source, workspace, id),
    runByUuid(uuid: string) {
      const at = source.get('runIds', uuid, '');
      return at === undefined ? undefined : readRun(source, ...at);
    },
    experiment: (workspace: string, id: string) => source.get('experiments', workspace, id),
    experimentByName: (workspace: string, name: string) => readExperimentByName(source, workspace, name),
    param: (run: string, key: string) => source.get('params', run, key),
    key: (key: string) => source.get('keys', '', key),
    tablesGeneration: () => source.get('generation', '', '') ?? 1,
    retry: (letter: string) => source.get('retries', '', letter),
    verdict: (commandId: string) => source.get('verdicts', commandId, ''),
  };
}

export function createReader(source: RowSource): StateReader {
  const values = <T extends TableName>(table: T, group: string) =>
    Array.from(source.list(table, group), ([, value]) => value);
  return {
    ...createFoldReader(source),
    experiments: (workspace) => values('experiments', workspace),
    params: (run) => dictionaryOf(Array.from(source.list('params', run), ([key, value]) => [String(key), value])),
    keys: (workspace) =>
      Array.from(source.list('workspaceKeys', workspace), ([key]) => source.get('keys', '', key)).filter(
        (key) => key !== undefined,
      ),
    retries: () => values('retries', ''),
    hasKeys() {
      for (const _ of source.list('keys', '')) return true;
      return false;
    },
    *openRuns() {
      // the ids first: whoever goes through the runs may change them meanwhile
      for (const at of values('openRuns', '')) {
        const run = readRun(source, ...at);
        if (isOpen(run) && run !== undefined) yield run;
      }
    },
  };
}

/** The rows of the state in one order, without the facts that are kept and what a store says about itself but the folded offset. */
export function dumpOf(rows: Iterable<Row>): Row[] {
  const key = ({ table, group, item }: Row) => JSON.stringify([table, group, item]);
  return [...rows]
    .filter(({ table, item }) => table !== 'facts' && (table !== 'meta' || item === 'folded'))
    .map((row) => ({ row, key: key(row) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ row }) => row);
}
