/** The state store in memory: the twin that tests and short-lived commands run on. */
import { foldBatch } from './batch.js';
import { createReader, dumpOf, type Item, type Row, type RowSource, type TableName, type Tables } from './rows.js';
import type { KeyValueTable, StateStore } from './store.js';
import { checkedJson, checkedKey } from './table-entry.js';

export function createMemoryStore(epoch?: string): StateStore {
  /** table → group → item → value */
  const groups = new Map<string, Map<Item, unknown>>();
  const tables = new Map<string, Map<string, string>>();

  const groupOf = (table: TableName, group: string) => groups.get(`${table}\u0000${group}`);
  const source: RowSource = {
    get: <T extends TableName>(table: T, group: string, item: Item) =>
      groupOf(table, group)?.get(item) as Tables[T] | undefined,
    list: <T extends TableName>(table: T, group: string) =>
      (groupOf(table, group) ?? []) as Iterable<readonly [Item, Tables[T]]>,
  };
  const write = ({ table, group, item, value }: Row) => {
    const name = `${table}\u0000${group}`;
    const items = groups.get(name) ?? new Map<Item, unknown>();
    groups.set(name, items);
    if (value === undefined) items.delete(item);
    else items.set(item, value);
    if (items.size === 0) groups.delete(name);
  };
  const setEpochNow = (next: string) => {
    write({ table: 'meta', group: '', item: 'epoch', value: next });
  };
  const emptyNow = () => {
    groups.clear();
    tables.clear();
  };
  const currentEpoch = () => source.get('meta', '', 'epoch') as string | undefined;
  if (epoch !== undefined) setEpochNow(epoch);

  return {
    ...createReader(source),
    folded: () => (source.get('meta', '', 'folded') as number | undefined) ?? -1,
    async apply(batch, keepFacts) {
      const { facts, rows } = foldBatch(source, batch, keepFacts);
      await Promise.resolve();
      for (const row of rows) write(row);
      return facts;
    },
    pendingFacts: () => Array.from(source.list('facts', ''), ([offset, facts]) => ({ offset: Number(offset), facts })),
    async dropFactsThrough(through) {
      await Promise.resolve();
      for (const [offset] of [...source.list('facts', '')]) {
        if (Number(offset) <= through) write({ table: 'facts', group: '', item: offset, value: undefined });
      }
    },
    epoch: currentEpoch,
    async setEpoch(next) {
      await Promise.resolve();
      if (currentEpoch() !== next) emptyNow();
      setEpochNow(next);
    },
    async empty() {
      await Promise.resolve();
      const kept = currentEpoch();
      emptyNow();
      if (kept !== undefined) setEpochNow(kept);
    },
    table: (name) =>
      memoryTable(() => {
        const entries = tables.get(name) ?? new Map<string, string>();
        tables.set(name, entries);
        return entries;
      }),
    dump: () => dumpOf(allRows(groups)),
    close: () => Promise.resolve(),
  };
}

function* allRows(groups: ReadonlyMap<string, ReadonlyMap<Item, unknown>>): Iterable<Row> {
  for (const [name, items] of groups) {
    const [table, group = ''] = name.split('\u0000');
    for (const [item, value] of items) yield { table: table as TableName, group, item, value };
  }
}

/** Values are kept as their JSON, so that a table in memory holds and gives what one on disk does. */
function memoryTable(entriesNow: () => Map<string, string>): KeyValueTable {
  return {
    get(key) {
      const json = entriesNow().get(key);
      return json === undefined ? undefined : (JSON.parse(json) as unknown);
    },
    range: (prefix) =>
      [...entriesNow()]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
        .map(([key, json]): [string, unknown] => [key, JSON.parse(json)]),
    async write(puts, removes) {
      const encoded = puts.map(([key, value]) => [checkedKey(key), checkedJson(value)] as const);
      removes.forEach(checkedKey);
      await Promise.resolve();
      const entries = entriesNow();
      for (const [key, json] of encoded) entries.set(key, json);
      for (const key of removes) entries.delete(key);
    },
  };
}
