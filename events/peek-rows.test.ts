/** Peeking at the rows of a record agrees with decoding it. */
import { describe, expect, it } from 'vitest';
import { encodeChunk } from './chunk.js';
import { encodeEnvelope } from './envelope.js';
import { peekRows } from './peek-rows.js';

const record = (workspace: string, rows: number) => {
  const column = new Array<number>(rows).fill(1);
  const chunk = encodeChunk({
    kind: rows === 0 ? 'heartbeat' : 'points',
    writer: 'w',
    seq: 0,
    generation: 0,
    series: rows === 0 ? [] : [{ key: 'loss', context: '' }],
    seriesIndex: column.map(() => 0),
    step: column,
    time: column,
    value: column,
  });
  const run = '00000000-0000-4000-8000-000000000000';
  return encodeEnvelope({ workspace, run, receivedAt: 1, generation: 0 }, chunk);
};

describe('peekRows', () => {
  it.each([
    ['w', 0],
    ['default', 1],
    ['a-workspace-with-a-longer-name', 1234],
  ])('finds the rows behind workspace %s', (workspace, rows) => {
    expect(peekRows(record(workspace, rows))).toBe(rows);
  });

  it('is 0 for what is no record', () => {
    expect(peekRows(new Uint8Array(0))).toBe(0);
    expect(peekRows(new Uint8Array(50))).toBe(0);
    expect(peekRows(new Uint8Array(300).fill(255))).toBe(0);
  });
});
