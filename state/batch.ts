/** Folds a batch of events over a store's rows without touching them: gives the rows to write, in one piece, and the facts. */
import { fold, oldestRemembered } from './fold.js';
import { createFoldReader, rowsOf, type Item, type Row, type RowSource, type TableName, type Tables } from './rows.js';
import type { BatchEntry } from './store.js';
import type { OffsetFacts } from './types.js';

export interface FoldedBatch {
  readonly facts: OffsetFacts[];
  /** Each row once; `meta folded` is among them. */
  readonly rows: Iterable<Row>;
}

export function foldBatch(source: RowSource, batch: readonly BatchEntry[], keepFacts: boolean): FoldedBatch {
  const written = new Map<string, Row>();
  const read = <T extends TableName>(table: T, group: string, item: Item): Tables[T] | undefined => {
    const row = written.get(rowKey(table, group, item));
    return row === undefined ? source.get(table, group, item) : (row.value as Tables[T] | undefined);
  };
  const write = (row: Row) => written.set(rowKey(row.table, row.group, row.item), row);
  const reader = createFoldReader({ get: read });

  const facts: OffsetFacts[] = [];
  let folded = (source.get('meta', '', 'folded') as number | undefined) ?? -1;
  for (const { offset, event } of batch) {
    if (offset <= folded) throw new RangeError(`offset ${String(offset)} comes after ${String(folded)} was folded`);
    folded = offset;
    if (event === undefined) continue;
    const step = fold(reader, event, offset);
    for (const change of step.changes) rowsOf(change).forEach(write);
    facts.push({ offset, facts: step.facts });
    if (keepFacts) write({ table: 'facts', group: '', item: offset, value: step.facts });
  }
  for (const row of forgotten(source, [...written.values()], folded + 1)) {
    // a command that came again after its verdict was forgotten has a newer one, which stays
    if (row.table === 'verdicts' && (read('verdicts', row.group, '')?.offset ?? 0) >= oldestRemembered(folded + 1))
      continue;
    write(row);
  }
  if (batch.length > 0) write({ table: 'meta', group: '', item: 'folded', value: folded });
  return { facts, rows: written.values() };
}

/** Removals of the verdicts that no event from offset `next` on can be answered with. */
function* forgotten(source: RowSource, written: readonly Row[], next: number): Iterable<Row> {
  const oldest = oldestRemembered(next);
  if (oldest <= 0) return;
  const removals = (offset: Item, commandId: string): Row[] => [
    { table: 'verdictOffsets', group: '', item: offset, value: undefined },
    { table: 'verdicts', group: commandId, item: '', value: undefined },
  ];
  for (const [offset, commandId] of source.list('verdictOffsets', '')) {
    if (Number(offset) >= oldest) break;
    yield* removals(offset, commandId);
  }
  for (const { table, item, value } of written) {
    if (table === 'verdictOffsets' && Number(item) < oldest) yield* removals(item, value as string);
  }
}

const rowKey = (table: TableName, group: string, item: Item): string => `${table}\u0000${group}\u0000${String(item)}`;
