/** Fills real tables the way the projector does, without a log: control events are folded, points become one slice per call. */
import type { Tables } from '../clickhouse/client.js';
import { decodeChunk, encodeChunk } from '../events/chunk.js';
import type { ControlEvent } from '../events/control-event.js';
import { metricsInserts } from '../projector/metrics-slice.js';
import { createPointBuffers } from '../projector/point-buffers.js';
import { projectFacts } from '../projector/project-facts.js';
import { createMemoryStore } from '../state/memory-store.js';
import { systemClock } from '../runtime/clock.js';
import type { RunRecord } from '../state/types.js';

export interface WrittenPoint {
  readonly key: string;
  /** '' or canonical JSON. */
  readonly context: string;
  readonly step: bigint;
  readonly micro: number;
  readonly time: number;
  readonly value: number;
}

export interface ProjectedTables {
  apply(...events: readonly ControlEvent[]): Promise<void>;
  /** Points of the run's current generation, or of the one given. */
  write(run: string, points: readonly WrittenPoint[], generation?: number): Promise<void>;
  run(id: string): RunRecord;
  /** Offset of the last control event, -1 for none. */
  control(): number;
}

export function projectedTables(writer: Tables, database: string, workspace = 'default'): ProjectedTables {
  const store = createMemoryStore();
  let slices = 0;
  let offset = 0;
  const insert = (table: string, block: readonly Uint8Array[]) =>
    writer.insertNative(`${database}.${table}`, block, { token: `test-${String(++slices)}` });
  const find = (id: string): RunRecord => {
    const run = store.run(workspace, id);
    if (run === undefined) throw new Error(`no run ${id}`);
    return run;
  };
  return {
    run: find,
    control: () => offset - 1,
    async apply(...events) {
      const facts = await store.apply(
        events.map((event) => ({ offset: offset++, event })),
        true,
      );
      for (const { table, block } of projectFacts(facts)) await insert(table, block);
    },
    async write(id, points, generation) {
      const run = find(id);
      const batch = {
        offset: slices,
        workspace,
        run: run.uuid,
        receivedAt: systemClock.now(),
        generation: generation ?? run.generation,
        chunk: chunkOf(points, slices),
      };
      const slice = { partition: 0, accepted: [batch], heard: [batch] };
      for (const { table, block } of metricsInserts(slice, createPointBuffers(points.length))) {
        await insert(table, block);
      }
    },
  };
}

function chunkOf(points: readonly WrittenPoint[], seq: number) {
  const names = [...new Set(points.map(({ key, context }) => JSON.stringify([key, context])))];
  const index = new Map(names.map((name, i) => [name, i]));
  const decoded = decodeChunk(
    encodeChunk({
      kind: 'points',
      writer: 'test',
      seq,
      generation: 0,
      series: names.map((name) => {
        const [key, context] = JSON.parse(name) as [string, string];
        return { key, context };
      }),
      seriesIndex: points.map(({ key, context }) => index.get(JSON.stringify([key, context])) ?? 0),
      step: points.map(({ step }) => step),
      micro: points.map(({ micro }) => micro),
      time: points.map(({ time }) => time),
      value: points.map(({ value }) => value),
    }),
  );
  if (!decoded.ok) throw new Error(`${decoded.error.field}: ${decoded.error.detail}`);
  return decoded.value;
}
