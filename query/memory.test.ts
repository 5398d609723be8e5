/** What is remembered, for whom, how long and how much of it. */
import { beforeEach, describe, expect, it } from 'vitest';
import { createPositionBoard, type PositionBoard } from '../events/position-board.js';
import { createManualClock } from '../test/manual-clock.js';
import { controlMark, createMemory, positionMark, type Memory } from './memory.js';

let board: PositionBoard;
beforeEach(() => {
  board = createPositionBoard('e', createManualClock());
  board.publish({ epoch: 'e', control: 1, metrics: [1, 1] });
});

/** Answers of `read`, and which names it was asked for. */
function reader(memory: Memory<string>) {
  const asked: string[][] = [];
  return {
    asked,
    ask: (workspace: string, ...names: string[]) =>
      memory.through(workspace, names, (missing) => {
        asked.push([...missing]);
        return Promise.resolve(new Map(missing.map((name) => [name, `${workspace}'s ${name}`])));
      }),
  };
}

const unbounded = { entriesMax: 100, bytesMax: 10_000, bytesOf: (text: string) => text.length };

describe('a memory', () => {
  it('asks only for what it does not know', async () => {
    const { ask, asked } = reader(createMemory({ ...unbounded, mark: positionMark(board) }));
    await ask('w', 'a', 'b');
    expect([...(await ask('w', 'c', 'b'))]).toEqual(expect.arrayContaining([['b', "w's b"], ['c', "w's c"]])); // prettier-ignore
    await ask('w', 'a', 'b', 'c');
    expect(asked).toEqual([['a', 'b'], ['c']]);
  });

  it('of points forgets when any part of the position moves', async () => {
    const { ask, asked } = reader(createMemory({ ...unbounded, mark: positionMark(board) }));
    await ask('w', 'a');
    board.publish({ epoch: 'e', control: 1, metrics: [1, 2] });
    await ask('w', 'a');
    board.publish({ epoch: 'e', control: 2, metrics: [1, 2] });
    await ask('w', 'a');
    expect(asked).toHaveLength(3);
  });

  it('of control facts forgets when their offset moves, and not with points', async () => {
    const { ask, asked } = reader(createMemory({ ...unbounded, mark: controlMark(board) }));
    await ask('w', 'a');
    board.publish({ epoch: 'e', control: 1, metrics: [5, 5] });
    await ask('w', 'a');
    expect(asked).toHaveLength(1);
    board.publish({ epoch: 'e', control: 2, metrics: [5, 5] });
    await ask('w', 'a');
    expect(asked).toHaveLength(2);
  });

  it('does not remember what was read while the tables moved', async () => {
    const memory = createMemory({ ...unbounded, mark: positionMark(board) });
    const found = await memory.through('w', ['a'], () => {
      board.publish({ epoch: 'e', control: 1, metrics: [2, 2] });
      return Promise.resolve(new Map([['a', 'old']]));
    });
    expect(found.get('a')).toBe('old');
    expect(memory.known('w', ['a'])).toBeUndefined();
  });

  it('keeps workspaces apart, however they and the names are spelled', async () => {
    const { ask } = reader(createMemory({ ...unbounded, mark: positionMark(board) }));
    await ask('a', 'bc');
    expect((await ask('ab', 'c')).get('c')).toBe("ab's c");
    expect((await ask('1:a', 'b')).get('b')).toBe("1:a's b");
    expect((await ask('a', 'bc')).get('bc')).toBe("a's bc");
  });

  it('holds no more entries than it may, and drops the oldest', async () => {
    const memory = createMemory({ ...unbounded, entriesMax: 2, mark: positionMark(board) });
    await reader(memory).ask('w', 'a', 'b', 'c');
    expect(memory.known('w', ['a'])).toBeUndefined();
    expect(memory.known('w', ['b', 'c'])?.size).toBe(2);
  });

  it('holds no more bytes than it may, and nothing larger than that', async () => {
    const memory = createMemory<string>({ ...unbounded, bytesMax: 250, mark: positionMark(board) });
    const put = (name: string, bytes: number) =>
      memory.through('w', [name], () => Promise.resolve(new Map([[name, 'x'.repeat(bytes)]])));
    await put('a', 100);
    await put('b', 100);
    expect(memory.known('w', ['a', 'b'])?.size).toBe(2);
    await put('c', 100);
    expect(memory.known('w', ['a'])).toBeUndefined();
    expect(memory.known('w', ['b', 'c'])?.size).toBe(2);
    await put('huge', 300);
    expect(memory.known('w', ['huge'])).toBeUndefined();
    expect(memory.known('w', ['b', 'c'])?.size).toBe(2);
  });

  it('has room again when it has forgotten', async () => {
    const memory = createMemory<string>({ ...unbounded, bytesMax: 250, mark: positionMark(board) });
    for (let i = 2; i < 10; i++) {
      board.publish({ epoch: 'e', control: 1, metrics: [i, i] });
      await reader(memory).ask('w', 'a', 'b', 'c');
      expect(memory.known('w', ['a', 'b', 'c'])?.size).toBe(3);
    }
  });
});
