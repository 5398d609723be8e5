/** Runs the query tests that are data: rows through the projector into real tables, questions through the router over HTTP. */
import { describe, expect, it } from 'vitest';
import { answerCases } from '../test/query/answers.js';
import { filterCases } from '../test/query/filters.js';
import { orderCases } from '../test/query/orders.js';
import { NOW, type QueryQuestion } from '../test/query/query-case.js';
import { startQueryWorld, type Answer, type QueryWorld } from '../test/query-world.js';
import type { SearchAnswer } from './api.js';

const said = (question: QueryQuestion): string => {
  const asked =
    'filter' in question
      ? question.filter
      : 'orderBy' in question
        ? question.orderBy.join(', ')
        : 'get' in question
          ? question.get
          : `${question.post} ${JSON.stringify(question.body)}`;
  return question.because === undefined ? asked : `${asked} (${question.because})`;
};

function ask(world: QueryWorld, question: QueryQuestion): Promise<Answer> {
  if ('filter' in question) return world.post('/search', { filter: question.filter, orderBy: ['id'], columns: [] });
  if ('orderBy' in question) return world.post('/search', { orderBy: question.orderBy, columns: [] });
  return 'get' in question ? world.get(question.get) : world.post(question.post, question.body);
}

/** Every question is asked, so that one wrong answer does not hide another. */
async function check(world: QueryWorld, question: QueryQuestion): Promise<void> {
  const { status, body } = await ask(world, question);
  const wanted = 'answer' in question ? (question.status ?? 200) : 200;
  expect.soft(status, `${said(question)}: ${JSON.stringify(body)}`).toBe(wanted);
  if ('answer' in question) expect.soft(body, said(question)).toMatchObject(question.answer);
  else
    expect
      .soft(
        (body as SearchAnswer).runs.map(({ id }) => id),
        said(question),
      )
      .toEqual(question.ids);
}

describe('questions about', () => {
  it.each([...filterCases, ...orderCases, ...answerCases])('$title', async ({ happened, questions }) => {
    const world = await startQueryWorld({ nowMs: NOW });
    try {
      // in two halves, so that rows lie in several parts
      await world.happen(happened.slice(0, happened.length / 2));
      await world.happen(happened.slice(happened.length / 2));
      for (const question of questions) await check(world, question);
    } finally {
      await world.stop();
    }
  });
});
