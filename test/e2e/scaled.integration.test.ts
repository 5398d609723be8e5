/** What only several processes can get wrong: reads of one instance after writes to another, and partitions that change hands. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunAnswer, TopAnswer } from '../../query/api.js';
import { describeWithKafka } from '../kafka.js';
import { ScaledStack } from '../services/scaled-stack.js';
import { ask, askUntilAnswered } from './api.js';

interface Written {
  readonly position: string;
}

describeWithKafka('two instances of the API and two projectors', () => {
  let stack: ScaledStack;
  beforeAll(async () => {
    stack = await ScaledStack.start();
  });
  afterAll(() => stack.stop());

  const api = (i: number) => stack.apis[i]?.process.url ?? '';
  const points = (seq: number, values: readonly number[]) => ({
    writer: 'w',
    seq,
    series: [{ key: 'acc', steps: values.map((_, i) => seq * 100 + i), values }],
  });

  /** Written through both instances in turn, read through the other. */
  async function logged(run: string, batches: number): Promise<void> {
    const created = await ask<Written>(api(0), 'POST', '/api/v1/runs', { id: run, experiment: 'scaled' });
    expect(created.status).toBe(201);
    let position = created.body.position;
    for (let seq = 0; seq < batches; seq++) {
      // at once: the other instance has to find out about the run by itself
      const path = `/api/v1/runs/${run}/points`;
      const { status, body } = await ask<Written>(api(1 - (seq % 2)), 'POST', path, points(seq, [seq, seq + 0.5]));
      expect(status).toBe(202);
      position = body.position;
    }
    const read = await askUntilAnswered<RunAnswer>(() => api(0), 'GET', `/api/v1/runs/${run}?at=${position}`);
    expect(read.body.run.metrics['acc']).toMatchObject({ count: 2 * batches, max: batches - 0.5, min: 0 });
  }

  it('a run that one instance created takes points through the other at once, and both read them', async () => {
    for (let i = 0; i < 12; i++) await logged(`run-${String(i)}`, 5);
    const top = await ask<TopAnswer>(api(1), 'GET', '/api/v1/top?metric=acc&k=50');
    expect(top.body.runs).toHaveLength(12);
  });

  it('an id that is taken on one instance is taken on the other, also when both are asked at the same moment', async () => {
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, i) =>
        ask(api(i % 2), 'POST', '/api/v1/runs', { id: 'contested', experiment: `scaled-${String(i)}` }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(15);
  });

  it('a batch that is sent to both instances counts once', async () => {
    await ask(api(0), 'POST', '/api/v1/runs', { id: 'twice', experiment: 'scaled' });
    const sent = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        ask<Written>(api(i % 2), 'POST', '/api/v1/runs/twice/points', points(Math.floor(i / 4), [1, 2, 3])),
      ),
    );
    for (const { body } of sent) {
      await askUntilAnswered(() => api(0), 'GET', `/api/v1/runs/twice?at=${body.position}`);
    }
    const read = await ask<RunAnswer>(api(1), 'GET', '/api/v1/runs/twice');
    expect(read.body.run.metrics['acc']?.count).toBe(15);
  });

  it('partitions of a projector that is killed go to the other, and come back, with every count exact', async () => {
    const [first, second] = stack.projectors;
    await first?.process.kill();
    await logged('after-a-kill', 8);
    await first?.restart();
    await second?.process.stop();
    await logged('after-a-leave', 8);
    await second?.restart();
    await logged('with-both-again', 8);
  });

  it('an instance that was away knows what came meanwhile', async () => {
    const [, other] = stack.apis;
    await other?.process.kill();
    await ask(api(0), 'POST', '/api/v1/runs', { id: 'meanwhile', experiment: 'scaled' });
    await other?.restart();
    expect((await ask(api(1), 'POST', '/api/v1/runs/meanwhile/points', points(0, [1]))).status).toBe(202);
  });
});
