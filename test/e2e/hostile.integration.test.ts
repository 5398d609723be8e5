/** The table of hostile requests against a whole server: each is refused for its own reason, and the tables and the memory stay as they were. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processTree } from '../../bench/processes.js';
import type { SearchAnswer } from '../../query/api.js';
import { harmlessRequests, hostileRequests, hostileSetup } from '../hostile-requests.js';
import { sendRaw } from '../raw-request.js';
import { startStack, type Stack } from '../stack.js';
import { askUntilAnswered } from './api.js';

let stack: Stack;
let setupPosition = '';

beforeAll(async () => {
  stack = await startStack();
  for (const request of hostileSetup) {
    const answer = await sendRaw(stack.url(), request);
    expect([200, 201, 202]).toContain(answer.status);
    setupPosition = String(answer.headers['runlog-position'] ?? setupPosition);
  }
});
afterAll(() => stack.stop());

const everything = async () => {
  const { body } = await askUntilAnswered<SearchAnswer>(stack.url, 'POST', `/api/v1/search?at=${setupPosition}`, {
    includeArchived: true,
  });
  // liveness moves by itself
  return body.runs.map(({ seenAt: _seenAt, ...run }) => run);
};
const residentBytes = () => processTree(stack.server().pid)[0]?.residentBytes ?? Number.NaN;

describe('a whole server under hostile requests', () => {
  it('has at least 40 in the table, at least 4 of each class', () => {
    expect(hostileRequests.length).toBeGreaterThanOrEqual(40);
    const sizes = new Map<string, number>();
    for (const { class: kind } of hostileRequests) sizes.set(kind, (sizes.get(kind) ?? 0) + 1);
    expect(Math.min(...sizes.values())).toBeGreaterThanOrEqual(4);
  });

  it('answers each with its own problem, and tables and memory are unchanged after ten rounds of all', async () => {
    const before = await everything();
    const round = async () => {
      for (const { name, request, expect: wanted } of hostileRequests) {
        const answer = await sendRaw(stack.url(), request);
        expect({ name, status: answer.status, json: answer.json }).toMatchObject({
          name,
          status: wanted.status,
          json: wanted,
        });
      }
    };
    await round(); // compiles the code and fills the pools
    const memory = residentBytes();
    for (let i = 0; i < 10; i++) await round();
    expect(await everything()).toEqual(before);
    expect(residentBytes() - memory).toBeLessThan(150e6);
  });

  it('still takes the valid requests that they were made of', async () => {
    for (const request of harmlessRequests) {
      expect([200, 201, 202]).toContain((await sendRaw(stack.url(), request)).status);
    }
  });
});
