/** The state store on LMDB: the only importer of lmdb. */
import { mkdir } from 'node:fs/promises';
import { open, type Key, type RootDatabase } from 'lmdb';
import { foldBatch } from './batch.js';
import { createReader, dumpOf, type Item, type Row, type RowSource, type TableName, type Tables } from './rows.js';
import type { KeyValueTable, StateStore } from './store.js';
import { checkedJson, checkedKey } from './table-entry.js';

/** Layout of the rows. A store of a newer layout is left alone. */
const FORMAT = 1;

/** Values are JSON texts (msgpack renames `__proto__`), keys are [table, group, item]. */
type Database = RootDatabase<string>;

export interface LmdbStore extends StateStore {
  /** A copy in a directory that is made for it, as it is at one moment; writes go on. */
  copyTo(dir: string): Promise<void>;
}

/** Opens the store in a directory of its own, or makes it. One that was folded from a log of another `epoch` is emptied. */
export async function openLmdbStore(dir: string, epoch?: string): Promise<LmdbStore> {
  const database: Database = open<string>({ path: dir, noSubdir: false, encoding: 'string' });
  const source = rowSource(database);
  const meta = <T extends number | string>(item: string) => source.get('meta', '', item) as T | undefined;
  const format = meta<number>('format') ?? FORMAT;
  if (format > FORMAT) {
    await database.close();
    throw new Error(`The state in ${dir} was written by a newer version of Runlog (format ${String(format)}).`);
  }

  const write = (rows: Iterable<Row>) => commit(database, rows);
  const metaRow = (item: string, value: number | string): Row => ({ table: 'meta', group: '', item, value });
  const setEpoch = async (next: string) => {
    if (meta('epoch') === next) return;
    if (meta('epoch') !== undefined) database.clearSync();
    await write([metaRow('format', FORMAT), metaRow('epoch', next)]);
  };
  if (epoch !== undefined) await setEpoch(epoch);
  let applying = false;

  return {
    ...createReader(source),
    folded: () => meta<number>('folded') ?? -1,
    async apply(batch, keepFacts) {
      if (applying) throw new Error('a batch is being applied already');
      applying = true;
      try {
        const { facts, rows } = foldBatch(source, batch, keepFacts);
        await write(rows);
        return facts;
      } finally {
        applying = false;
      }
    },
    pendingFacts: () => Array.from(source.list('facts', ''), ([offset, facts]) => ({ offset: Number(offset), facts })),
    async dropFactsThrough(through) {
      const dropped: Row[] = [];
      for (const [item] of source.list('facts', '')) {
        if (Number(item) > through) break;
        dropped.push({ table: 'facts', group: '', item, value: undefined });
      }
      await write(dropped);
    },
    epoch: () => meta<string>('epoch'),
    setEpoch,
    async empty() {
      const kept = meta<string>('epoch');
      database.clearSync();
      if (kept !== undefined) await setEpoch(kept);
    },
    table: (name) => ownTable(database, name),
    dump: () => dumpOf(allRows(database)),
    async copyTo(to) {
      await mkdir(to, { recursive: true });
      await database.backup(to, false);
    },
    close: () => database.close(),
  };
}

function rowSource(database: Database): RowSource {
  return {
    get<T extends TableName>(table: T, group: string, item: Item) {
      const json = database.get([table, group, item]);
      return json === undefined ? undefined : (JSON.parse(json) as Tables[T]);
    },
    *list<T extends TableName>(table: T, group: string): Iterable<readonly [Item, Tables[T]]> {
      for (const { key, value } of database.getRange({ start: [table, group] })) {
        const [inTable, inGroup, item] = key as [string, string, Item];
        if (inTable !== table || inGroup !== group) return;
        yield [item, JSON.parse(value) as Tables[T]];
      }
    },
  };
}

/** All rows in one transaction; resolves when it is committed and the next read sees it. */
async function commit(database: Database, rows: Iterable<Row>): Promise<void> {
  // encoded first: an error in the middle of a batch would commit its beginning
  const encoded = Array.from(rows, ({ table, group, item, value }) => ({
    key: [table, group, item] satisfies Key,
    json: value === undefined ? undefined : JSON.stringify(value),
  }));
  if (encoded.length === 0) return;
  await database.batch(() => {
    for (const { key, json } of encoded) {
      if (json === undefined) void database.remove(key);
      else void database.put(key, json);
    }
  });
  database.resetReadTxn();
}

function* allRows(database: Database): Iterable<Row> {
  for (const { key, value } of database.getRange()) {
    const [table, group, item] = key as [string, string, Item];
    if (table.startsWith(OWN)) continue;
    yield { table: table as TableName, group, item, value: JSON.parse(value) };
  }
}

const OWN = 'own:';

function ownTable(database: Database, name: string): KeyValueTable {
  const table = OWN + name;
  return {
    get(key) {
      const json = database.get([table, key]);
      return json === undefined ? undefined : (JSON.parse(json) as unknown);
    },
    *range(prefix) {
      for (const { key, value } of database.getRange({ start: [table, prefix] })) {
        const [inTable, item] = key as [string, string];
        if (inTable !== table || !item.startsWith(prefix)) return;
        yield [item, JSON.parse(value)];
      }
    },
    async write(puts, removes) {
      const encoded = puts.map(([key, value]) => [checkedKey(key), checkedJson(value)] as const);
      removes.forEach(checkedKey);
      if (encoded.length + removes.length === 0) return;
      await database.batch(() => {
        for (const [key, json] of encoded) void database.put([table, key], json);
        for (const key of removes) void database.remove([table, key]);
      });
      database.resetReadTxn();
    },
  };
}
