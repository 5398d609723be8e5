/** The membership of a log that nobody shares: everything is this member's from the start until it leaves. */
import { expect, it } from 'vitest';
import { createMemoryLog } from './event-log.memory.js';
import { joinAlone } from './membership.js';

it('assigns all partitions at once, commits for the group, and revokes once', async () => {
  const log = createMemoryLog({ epoch: 'e1', metricsPartitions: 2 });
  const said: string[] = [];
  const member = await joinAlone(log, 'g', {
    assigned: ({ partitions }) => said.push(partitions.map((at) => `${at.topic}${String(at.partition)}`).join(' ')),
    revoked: async (_, lost) => {
      await Promise.resolve();
      said.push(`revoked, ${lost ? 'lost' : 'not lost'}`);
    },
  });
  expect(said).toEqual(['control0 metrics0 metrics1']);
  await member.commit({ topic: 'metrics', partition: 1 }, 4, 'm');
  expect(await member.committed({ topic: 'metrics', partition: 1 })).toEqual({ offset: 4, metadata: 'm' });
  expect(await log.committed('g', { topic: 'metrics', partition: 1 })).toEqual({ offset: 4, metadata: 'm' });
  expect(member.fault()).toBeUndefined();
  await Promise.all([member.leave(), member.leave()]);
  expect(said.slice(1)).toEqual(['revoked, not lost']);
});
