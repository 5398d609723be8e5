/** What a released version wrote is read for ever: every control event, every form of the chunk, and a log folder, as committed bytes. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CURRENT_GENERATION, decodeChunk, encodeChunk, type Chunk } from '../events/chunk.js';
import { controlEventTypes, decodeControlEvent, encodeControlEvent } from '../events/control-event.js';
import { decodeEnvelope } from '../events/envelope.js';
import type { LogRecord } from '../events/event-log.js';
import { openFileLog } from '../events/event-log.file.js';
import { systemClock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';

const golden = path.join(import.meta.dirname, 'golden');
const bytesOf = (...names: string[]) => readFileSync(path.join(golden, ...names));
const jsonOf = (...names: string[]): unknown => JSON.parse(bytesOf(...names).toString('utf8'));
const controlFiles = readdirSync(path.join(golden, 'control'));

describe('golden control events', () => {
  it.each(controlFiles)('%s is accepted and means what it says', (name) => {
    const bytes = bytesOf('control', name);
    const decoded = decodeControlEvent(bytes);
    if (!decoded.ok) throw new Error(`${decoded.error.field}: ${decoded.error.detail}`);
    expect(`${decoded.value.type}.v${String(decoded.value.v)}.json`).toBe(name);
    expect(decoded.value).toEqual(jsonOf('control', name));
    expect(JSON.parse(Buffer.from(encodeControlEvent(decoded.value)).toString())).toEqual(jsonOf('control', name));
  });

  it('there is one of every type', () => {
    expect(controlFiles.sort()).toEqual(controlEventTypes.map((type) => `${type}.v1.json`).sort());
  });
});

const numberText = (value: number) => (Object.is(value, -0) ? '-0' : String(value));

describe('golden chunks', () => {
  it.each(['points', 'micro', 'lz4', 'crc32', 'heartbeat'])('%s decodes to what is written beside it', (form) => {
    const decoded = decodeChunk(bytesOf('chunk', `${form}.v1.bin`));
    if (!decoded.ok) throw new Error(`${decoded.error.field} ${decoded.error.detail}`);
    const { kind, writer, seq, generation, series, seriesIndex, step, micro, time, value } = decoded.value;
    expect({
      ...{ kind, writer, seq, generation, series },
      seriesIndex: [...seriesIndex],
      step: [...step].map(String),
      micro: micro === undefined ? null : [...micro],
      time: [...time].map(String),
      value: [...value].map(numberText),
    }).toEqual(jsonOf('chunk', `${form}.v1.json`));
  });

  it('the envelope decodes to what is written beside it', () => {
    const decoded = decodeEnvelope(bytesOf('chunk', 'envelope.v1.bin'));
    if (!decoded.ok) throw new Error(decoded.error.field);
    const { chunk, ...envelope } = decoded.value;
    expect({ ...envelope, chunk: 'points.v1.bin' }).toEqual(jsonOf('chunk', 'envelope.v1.json'));
    expect(Buffer.compare(chunk, bytesOf('chunk', 'points.v1.bin'))).toBe(0);
  });
});

describe('docs/EVENTS.md', () => {
  const page = readFileSync(path.join(import.meta.dirname, '..', 'docs', 'EVENTS.md'), 'utf8');

  it('names every control event', () => {
    for (const type of controlEventTypes) expect(page).toContain(`| \`${type}\` `);
  });

  it('shows a chunk that means what the page says, and that is encoded to the same bytes', () => {
    const block = /```chunk\n([^`]+)```/.exec(page)?.[1] ?? '';
    const hex = block.split('\n').map((line) => line.slice(0, 47).replaceAll(' ', ''));
    const bytes = Buffer.from(hex.join(''), 'hex');
    const chunk: Chunk = {
      kind: 'points',
      writer: 'w1',
      seq: 7,
      generation: CURRENT_GENERATION,
      series: [
        { key: 'loss', context: '' },
        { key: 'acc', context: '{"subset":"val"}' },
      ],
      seriesIndex: [0, 1, 0],
      step: [1, 1, 2],
      time: [Date.UTC(2026), Date.UTC(2026), Date.UTC(2026) + 250],
      value: [0.5, 0.25, 0.375],
    };
    expect(decodeChunk(bytes).ok).toBe(true);
    expect(Buffer.from(encodeChunk(chunk)).toString('hex')).toBe(bytes.toString('hex'));
  });
});

describe('a golden log folder', () => {
  it('opens with all of its records and commits', async () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'runlog-golden-'));
    cpSync(path.join(golden, 'log', 'v1'), dir, { recursive: true });
    const cuts: unknown[] = [];
    const log = await openFileLog(dir, { metricsPartitions: 2, clock: systemClock, onCut: (_, cut) => cuts.push(cut) });
    const control = { topic: 'control', partition: 0 } as const;
    const metrics = (partition: number) => ({ topic: 'metrics', partition }) as const;
    try {
      expect(cuts).toEqual([]);
      expect(log.epoch).toBe('0000000000004000800000000000a001');
      const events: LogRecord[] = [];
      for (let records = await log.read(control, 0, 1); records.length > 0;) {
        events.push(...records);
        records = await log.read(control, events.length, limits.logReadBytesMax);
      }
      expect(events.map(({ value }) => JSON.parse(Buffer.from(value).toString()) as unknown)).toEqual(
        // the types that there were when it was written: later ones come behind them
        controlEventTypes.slice(0, 15).map((type) => jsonOf('control', `${type}.v1.json`)),
      );
      expect(log.head(metrics(0))).toBe(3);
      expect(log.head(metrics(1))).toBe(1);
      expect(await log.committed('tables', metrics(0))).toEqual({ offset: 2, metadata: '{"slice":"0-1"}' });
      const [first] = await log.read(metrics(0), 0, limits.logReadBytesMax);
      const [packed] = await log.read(metrics(1), 0, limits.logReadBytesMax);
      for (const [record, form] of [
        [first, 'points'],
        [packed, 'lz4'],
      ] as const) {
        const envelope = decodeEnvelope(record?.value ?? new Uint8Array());
        if (!envelope.ok) throw new Error(envelope.error.field);
        expect(Buffer.compare(envelope.value.chunk, bytesOf('chunk', `${form}.v1.bin`))).toBe(0);
      }
    } finally {
      await log.close();
      rmSync(dir, { recursive: true });
    }
  });
});
