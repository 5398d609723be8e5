/** What hangs on runs: parameters, tags and metrics, each read from the table that lies by run, or remembered. */
import type { Columns } from '../../clickhouse/tables.js';
import type { MetricSummary } from '../api.js';
import type { Workspace } from '../catalog.js';
import type { Field } from '../filter/ast.js';
import type { Memory } from '../memory.js';
import { Bindings, uuidList } from '../sql/bindings.js';
import type { Forks } from '../sql/forks.js';
import { metricRows } from '../sql/metric-rows.js';
import { mergePartials, PARTIAL_COLUMNS } from './partial-summaries.js';
import type { Entries } from './run-memory.js';
import type { RunsContext } from './run-rows.js';
import { floatOf, SUMMARY_COLUMNS, SUMMARY_STATES, summaryAt } from './summary.js';

type ByRun<T> = ReadonlyMap<string, Entries<T>>;

/** By internal id. */
export interface RunParts {
  readonly params: ByRun<string>;
  readonly tags: ByRun<string>;
  readonly metrics: ByRun<MetricSummary>;
  /** null for a run that was never heard from. */
  readonly seen: ReadonlyMap<string, number | null>;
}

type Read<T> = (uuids: readonly string[], keys: readonly string[] | undefined) => Promise<Map<string, Entries<T>>>;

/** `columns` restricts parameters, tags and metrics to the ones named. */
export async function readParts(
  context: RunsContext,
  uuids: readonly string[],
  { forks }: Workspace,
  columns?: readonly Field[],
): Promise<RunParts> {
  const { memory, workspace } = context;
  if (uuids.length === 0) return { params: new Map(), tags: new Map(), metrics: new Map(), seen: new Map() };
  const part = async <T>(space: 'param' | 'tag' | 'metric', known: Memory<Entries<T>>, read: Read<T>) => {
    const keys = keysOf(columns, space);
    if (keys === undefined) return known.through(workspace, uuids, (missing) => read(missing, undefined));
    if (keys.length === 0) return new Map<string, Entries<T>>();
    const whole = known.known(workspace, uuids);
    return whole === undefined ? read(uuids, keys) : new Map([...whole].map(([run, all]) => [run, only(all, keys)]));
  };
  const [params, tags, metrics, seen] = await Promise.all([
    part('param', memory.params, entriesOf(context, 'param')),
    part('tag', memory.tags, entriesOf(context, 'tag')),
    part('metric', memory.metrics, summariesOf(context, forks)),
    memory.seen.through(workspace, uuids, (missing) => readSeen(context, missing)),
  ]);
  return { params, tags, metrics, seen };
}

function keysOf(columns: readonly Field[] | undefined, space: 'param' | 'tag' | 'metric'): string[] | undefined {
  if (columns === undefined) return undefined;
  const keys = new Set<string>();
  for (const field of columns) if (field.space === space) keys.add(field.key);
  return [...keys];
}

function only<T>(entries: Entries<T>, keys: readonly string[]): Entries<T> {
  const wanted = new Set(keys);
  return Object.fromEntries(Object.entries(entries).filter(([key]) => wanted.has(key)));
}

const ask = ({ deps, workspace, signal }: RunsContext, sql: string, { params } = new Bindings()): Promise<Columns> =>
  deps.tables.queryColumns(sql, { database: deps.database, workspace, signal, params });

function entriesOf(context: RunsContext, space: 'param' | 'tag'): Read<string> {
  return async (uuids, keys) => {
    const bindings = new Bindings();
    const ofKeys = keys === undefined ? '' : ` AND key IN ${bindings.texts(keys)}`;
    const there = space === 'tag' ? ' AND removed = 0' : '';
    const from = `${space}s_by_run FINAL WHERE run IN ${uuidList(uuids)}${ofKeys}${there}`;
    const answer = await ask(context, `SELECT run, key, value FROM ${from}`, bindings);
    return byRun(uuids, answer, (row) => String(answer.columns['value']?.[row] ?? ''));
  };
}

/** The partial states of most runs are merged here; only what runs inherit is put together by the tables, which have to find it. */
function summariesOf(context: RunsContext, forks: Forks): Read<MetricSummary> {
  return async (uuids, keys) => {
    const heirs = forks === 'many' ? undefined : new Set(forks.map(({ run }) => run));
    const inherits = (run: string) => heirs?.has(run) ?? true;
    const own = uuids.filter((run) => !inherits(run));
    const parts = await Promise.all([
      ownSummaries(context, own, keys),
      inheritedSummaries(context, uuids.filter(inherits), keys, forks),
    ]);
    return new Map(parts.flatMap((part) => [...part]));
  };
}

async function ownSummaries(
  context: RunsContext,
  uuids: readonly string[],
  keys: readonly string[] | undefined,
): Promise<Map<string, Entries<MetricSummary>>> {
  if (uuids.length === 0) return new Map();
  const bindings = new Bindings();
  const ofKeys = keys === undefined ? '' : ` AND key IN ${bindings.texts(keys)}`;
  const from = `series_by_run WHERE run IN ${uuidList(uuids)}${ofKeys}`;
  const answer = await ask(context, `SELECT run, key, ${PARTIAL_COLUMNS} FROM ${from}`, bindings);
  return recordsOf(uuids, mergePartials(answer));
}

async function inheritedSummaries(
  context: RunsContext,
  uuids: readonly string[],
  keys: readonly string[] | undefined,
  forks: Forks,
): Promise<Map<string, Entries<MetricSummary>>> {
  if (uuids.length === 0) return new Map();
  const bindings = new Bindings();
  const list = keys === undefined ? undefined : bindings.texts(keys);
  const rows = metricRows({
    states: SUMMARY_STATES,
    keys: list === undefined ? undefined : (column) => `${column} IN ${list}`,
    runs: uuids,
    forks,
    bindings,
  });
  const answer = await ask(context, `SELECT run, key, ${SUMMARY_COLUMNS} FROM ${rows} GROUP BY run, key`, bindings);
  return byRun(uuids, answer, (row) => summaryAt(answer, row));
}

async function readSeen(context: RunsContext, uuids: readonly string[]): Promise<Map<string, number | null>> {
  const at = 'toUnixTimestamp64Milli(seen_at) AS at';
  const { columns } = await ask(context, `SELECT run, ${at} FROM seen WHERE run IN ${uuidList(uuids)}`);
  const seen = new Map<string, number | null>(uuids.map((run) => [run, null]));
  (columns['run'] ?? []).forEach((run, row) => {
    const known = seen.get(String(run)) ?? -Infinity;
    seen.set(String(run), Math.max(known, floatOf(columns['at']?.[row] ?? 0)));
  });
  return seen;
}

/** Rows (run, key, …) to one record per run. */
function byRun<T>(uuids: readonly string[], answer: Columns, valueAt: (row: number) => T): Map<string, Entries<T>> {
  const runs = answer.columns['run'] ?? [];
  const keys = answer.columns['key'] ?? [];
  const entries = new Map<string, Map<string, T>>();
  for (let row = 0; row < answer.rows; row++) {
    const run = String(runs[row]);
    let known = entries.get(run);
    if (known === undefined) entries.set(run, (known = new Map<string, T>()));
    known.set(String(keys[row]), valueAt(row));
  }
  return recordsOf(uuids, entries);
}

/** Keys are what users named them, so records are made without touching prototypes. Runs that nothing was found of have empty ones. */
function recordsOf<T>(
  uuids: readonly string[],
  entries: ReadonlyMap<string, ReadonlyMap<string, T>>,
): Map<string, Entries<T>> {
  const byKey = ([a]: readonly [string, T], [b]: readonly [string, T]) => (a < b ? -1 : a > b ? 1 : 0);
  return new Map(uuids.map((run) => [run, Object.fromEntries([...(entries.get(run) ?? [])].sort(byKey))]));
}
