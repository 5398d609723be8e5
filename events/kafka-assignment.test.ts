/** Partitions are shared evenly, whole, and with as few changes of hands as can be. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PartitionRef } from './event-log.js';
import { decodeClaim, encodeClaim, sharePartitions, type Claim } from './kafka-assignment.js';

const partitions = (count: number): PartitionRef[] => [
  { topic: 'control', partition: 0 },
  ...Array.from({ length: count }, (_, partition): PartitionRef => ({ topic: 'metrics', partition })),
];
const newcomer = (memberId: string): Claim => ({ memberId, generation: -1, owned: [] });

describe('sharing partitions', () => {
  it('gives each to exactly one, evenly, whatever is claimed', () => {
    const claim = (all: readonly PartitionRef[]) => fc.subarray([...all]);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }).chain((count) => {
          const all = partitions(count);
          return fc.tuple(
            fc.constant(all),
            fc.array(fc.tuple(fc.integer({ min: -1, max: 3 }), claim(all)), { minLength: 1, maxLength: 9 }),
          );
        }),
        ([all, members]) => {
          const claims = members.map(([generation, owned], i) => ({ memberId: `m${String(i)}`, generation, owned }));
          const shares = [...sharePartitions(claims, all).values()];
          expect(
            shares
              .flat()
              .map((at) => all.indexOf(at))
              .sort((a, b) => a - b),
          ).toEqual(all.map((_, i) => i));
          const sizes = shares.map((share) => share.length);
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it('moves no more than it has to when a member comes or goes', () => {
    const all = partitions(5);
    const first = sharePartitions([newcomer('a')], all);
    expect(first.get('a')).toHaveLength(6);
    const second = sharePartitions([newcomer('b'), { memberId: 'a', generation: 1, owned: first.get('a') ?? [] }], all);
    expect(first.get('a')).toEqual(expect.arrayContaining([...(second.get('a') ?? [])]));
    const claims = [...second].map(([memberId, owned]) => ({ memberId, generation: 2, owned }));
    const third = sharePartitions([...claims, newcomer('c')], all);
    for (const { memberId, owned } of claims)
      expect(owned).toEqual(expect.arrayContaining([...(third.get(memberId) ?? [])]));
    expect(sharePartitions(claims, all)).toEqual(second);
  });

  it('believes the later of two who claim the same', () => {
    const all = partitions(1);
    const [owned] = all;
    const claims = [
      { memberId: 'a', generation: 3, owned: [owned as PartitionRef] },
      { memberId: 'b', generation: 4, owned: [owned as PartitionRef] },
    ];
    expect(sharePartitions(claims, all).get('b')).toEqual([owned]);
  });

  it('reads claims back, and takes what it can not read for none', () => {
    const all = partitions(3);
    expect(decodeClaim('a', encodeClaim(7, all))).toEqual({ memberId: 'a', generation: 7, owned: all });
    for (const bytes of [null, Buffer.alloc(0), Buffer.from('{"generation":1}')])
      expect(decodeClaim('a', bytes)).toEqual(newcomer('a'));
  });
});
