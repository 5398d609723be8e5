/** A process that writes the state store is killed with -9, again and again: the store is always at the end of a whole batch. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import type { ControlEvent } from '../events/control-event.js';
import { entryFile } from '../runtime/entry.js';
import { event, runStarted } from '../test/control-events.js';
import { openLmdbStore } from './lmdb-store.js';
import { createMemoryStore } from './memory-store.js';

const EVENTS = 20_000;
const BATCH = 37;
const KILLS = 6;

/** Folds the events of a file from where the store stands, keeps the facts, and says after each batch how far it came. */
const writer = (dir: string, events: string) => `
  import { readFileSync } from 'node:fs';
  import { openLmdbStore } from ${JSON.stringify(pathToFileURL(entryFile('state/lmdb-store')).href)};
  const events = JSON.parse(readFileSync(${JSON.stringify(events)}, 'utf8'));
  const store = await openLmdbStore(${JSON.stringify(dir)}, 'e1');
  for (let from = store.folded() + 1; from < events.length; from += ${String(BATCH)}) {
    const batch = events.slice(from, from + ${String(BATCH)}).map((event, i) => ({ offset: from + i, event }));
    await store.apply(batch, true);
    process.stdout.write(store.folded() + '\\n');
  }
`;

/** Runs the writer until it has acknowledged `acknowledgements` batches, kills it, and gives the last offset that it acknowledged. */
async function runAndKill(code: string, acknowledgements: number): Promise<number> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let last = -1;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    if (++seen === acknowledgements) child.kill('SIGKILL');
  }
  await ended;
  return last;
}

test('nothing acknowledged is missing and no batch is there in part, after every kill', async () => {
  const root = mkdtempSync(path.join(tmpdir(), 'runlog-state-kill-'));
  try {
    const events: ControlEvent[] = Array.from({ length: EVENTS }, (_, i) =>
      i % 3 === 0
        ? runStarted(`r${String(i)}`, { params: { lr: String(i) }, context: { i } })
        : event('RunUpdated', { run: `r${String(i - (i % 3))}`, name: `n${String(i)}`, tags: { t: String(i) } }),
    );
    const file = path.join(root, 'events.json');
    writeFileSync(file, JSON.stringify(events));
    const dir = path.join(root, 'state');
    const reference = createMemoryStore('e1');
    for (let kill = 0; kill < KILLS; kill++) {
      const acknowledged = await runAndKill(writer(dir, file), 3 + kill * 7);
      const store = await openLmdbStore(dir, 'e1');
      const folded = store.folded();
      expect(acknowledged).toBeGreaterThanOrEqual(0);
      expect(folded).toBeGreaterThanOrEqual(acknowledged);
      expect((folded + 1) % BATCH).toBe(0);
      const missing = events.slice(reference.folded() + 1, folded + 1);
      const from = reference.folded() + 1;
      await reference.apply(
        missing.map((event, i) => ({ offset: from + i, event })),
        true,
      );
      expect(JSON.stringify(store.dump())).toBe(JSON.stringify(reference.dump()));
      expect(JSON.stringify(store.pendingFacts())).toBe(JSON.stringify(reference.pendingFacts()));
      await store.close();
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
