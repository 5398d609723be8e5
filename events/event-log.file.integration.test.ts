/** kill -9 while appending, several times on one folder: everything acknowledged is there afterwards with equal bytes, nothing torn is served. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../runtime/clock.js';
import { entryFile } from '../runtime/entry.js';
import { limits } from '../runtime/limits.js';
import type { PartitionRef } from './event-log.js';
import { openFileLog } from './event-log.file.js';

const partitions: readonly PartitionRef[] = [
  { topic: 'control', partition: 0 },
  { topic: 'metrics', partition: 0 },
  { topic: 'metrics', partition: 1 },
];
const segmentBytes = 512 * 1024;

/** Appends without end, three batches at a time and partition, and says on stdout what was acknowledged. */
const appender = (moduleUrl: string, clockUrl: string, dir: string, round: number) => `
import { createCipheriv } from 'node:crypto';
import { writeSync } from 'node:fs';
const { openFileLog } = await import(${JSON.stringify(moduleUrl)});
const { systemClock } = await import(${JSON.stringify(clockUrl)});
const log = await openFileLog(${JSON.stringify(dir)}, { metricsPartitions: 2, clock: systemClock, segmentBytes: ${String(segmentBytes)} });
const valueOf = (serial) => {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(${String(round)}, 0);
  key.writeUInt32LE(serial, 4);
  const length = serial % 7 === 0 ? 40_000 : serial % 900;
  const noise = createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
  return Buffer.concat([key.subarray(0, 8), serial % 3 === 0 ? noise.fill(1) : noise]);
};
let serial = 0;
const partitions = ${JSON.stringify(partitions)};
for (const [p, at] of partitions.entries()) {
  for (let lane = 0; lane < 3; lane++) {
    (async () => {
      for (;;) {
        const serials = Array.from({ length: 1 + (serial % 4) }, () => serial++);
        const first = await log.append(at, serials.map(valueOf));
        writeSync(1, JSON.stringify({ p, first, serials }) + '\\n');
        if (serial % 50 === 0) {
          await log.commit('tables', at, first, 'm' + first);
          writeSync(1, JSON.stringify({ p, commit: first }) + '\\n');
        }
      }
    })();
  }
}
`;

function valueOf(round: number, serial: number): Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(round, 0);
  key.writeUInt32LE(serial, 4);
  const length = serial % 7 === 0 ? 40_000 : serial % 900;
  const noise = createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
  return Buffer.concat([key.subarray(0, 8), serial % 3 === 0 ? noise.fill(1) : noise]);
}

type Line = { readonly p: number } & (
  { readonly first: number; readonly serials: readonly number[] } | { readonly commit: number }
);

/** A linear congruential generator, so that the seed says everything. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

describe('the file log under kill -9', () => {
  let child: ChildProcess | undefined;
  const dir = mkdtempSync(path.join(tmpdir(), 'runlog-kill-'));
  afterEach(() => {
    child?.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });

  it.each([20_261_125])('keeps everything that it acknowledged (seed %i)', async (seed) => {
    const random = seeded(seed);
    const acknowledged = partitions.map(() => new Map<number, string>());
    const committed = partitions.map(() => -1);
    for (let round = 0; round < 8; round++) {
      const moduleUrl = pathToFileURL(entryFile('events/event-log.file')).href;
      const clockUrl = pathToFileURL(entryFile('runtime/clock')).href;
      const script = appender(moduleUrl, clockUrl, dir, round);
      const running = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      child = running;
      const exited = once(running, 'exit');
      const killAfter = 1 + Math.floor(random() * 400);
      let lines = 0;
      for await (const text of createInterface({ input: running.stdout })) {
        const line = JSON.parse(text) as Line;
        if ('commit' in line) committed[line.p] = Math.max(committed[line.p] ?? -1, line.commit);
        else {
          for (const [i, serial] of line.serials.entries()) {
            acknowledged[line.p]?.set(line.first + i, `${String(round)}/${String(serial)}`);
          }
        }
        if (++lines === 1 && round === 0) {
          const second = openFileLog(dir, { metricsPartitions: 2, clock: systemClock });
          await expect(second).rejects.toThrow(`is in use by process ${String(running.pid)}`);
        }
        if (lines === killAfter) running.kill('SIGKILL');
      }
      expect(await exited).toEqual([null, 'SIGKILL']);
      expect(lines).toBeGreaterThanOrEqual(killAfter);

      const log = await openFileLog(dir, { metricsPartitions: 2, clock: systemClock, segmentBytes });
      for (const [p, at] of partitions.entries()) {
        const seen = new Set<string>();
        for (let next = 0; next < log.head(at);) {
          const records = await log.read(at, next, limits.logReadBytesMax);
          expect(records[0]?.offset).toBe(next);
          for (const { offset, value } of records) {
            const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
            const [ofRound, serial] = [bytes.readUInt32LE(0), bytes.readUInt32LE(4)];
            const name = `${String(ofRound)}/${String(serial)}`;
            if (!bytes.equals(valueOf(ofRound, serial))) throw new Error(`record ${String(offset)} is torn (${name})`);
            expect(seen.has(name)).toBe(false);
            seen.add(name);
            expect(acknowledged[p]?.get(offset) ?? name).toBe(name);
            // what was written but not acknowledged is there to stay as well
            acknowledged[p]?.set(offset, name);
          }
          next += records.length;
        }
        expect(seen.size).toBe(acknowledged[p]?.size);
        expect((await log.committed('tables', at))?.offset ?? -1).toBeGreaterThanOrEqual(committed[p] ?? -1);
      }
      await log.close();
    }
    for (const all of acknowledged) expect(all.size).toBeGreaterThan(100);
  });
});
