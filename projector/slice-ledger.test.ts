/** What a ledger keeps of slices whose owner is thought dead and may still be alive. */
import { expect, it } from 'vitest';
import { createMemoryLog } from '../events/event-log.memory.js';
import { createManualClock } from '../test/manual-clock.js';
import { MemoryTables } from '../test/simulation/memory-tables.js';
import { SliceLedger } from './slice-ledger.js';

const AT = { topic: 'metrics', partition: 0 } as const;

it('a slice that was only committed outlives the owner that began to repeat the one before it', async () => {
  const log = createMemoryLog({ epoch: 'e', metricsPartitions: 1 });
  for (let i = 0; i < 30; i++) await log.append(AT, [new Uint8Array([i])]);
  const tables = new MemoryTables();
  const owner = () => new SliceLedger(log, tables, AT, createManualClock());
  const [a, b] = [
    { first: 0, last: 9 },
    { first: 10, last: 19 },
  ];

  const first = owner();
  await first.open();
  await first.record(a);
  // held still between the commit and the row in `slices`, with its inserts ahead of it
  const insert = tables.insert.bind(tables);
  tables.insert = () => new Promise<void>(() => undefined);
  void first.record(b);
  while (JSON.stringify(await log.committed('projector', AT))?.includes('[10,19]') !== true);
  tables.insert = insert;

  const second = owner();
  expect((await second.open()).recorded).toEqual([a, b]);
  await second.record(a);
  // it dies here
  expect((await owner().open()).recorded).toEqual([a, b]);
});
