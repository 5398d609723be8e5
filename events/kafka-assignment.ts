/** How the leader of a group shares partitions out: as evenly as can be, and who has one keeps it where that allows. */
import { z } from 'zod';
import type { PartitionRef } from './event-log.js';

export interface Claim {
  readonly memberId: string;
  /** The generation that `owned` is from: of two who claim a partition, the later one had it last. */
  readonly generation: number;
  readonly owned: readonly PartitionRef[];
}

const nameOf = ({ topic, partition }: PartitionRef): string => `${topic}/${String(partition)}`;

/** The same answer whatever order the claims come in. */
export function sharePartitions(
  claims: readonly Claim[],
  partitions: readonly PartitionRef[],
): ReadonlyMap<string, readonly PartitionRef[]> {
  const members = [...claims].sort((a, b) => b.generation - a.generation || (a.memberId < b.memberId ? -1 : 1));
  const shares = new Map(members.map(({ memberId }): [string, PartitionRef[]] => [memberId, []]));
  const least = Math.floor(partitions.length / members.length);
  let larger = partitions.length % members.length;
  const free = new Map(partitions.map((at) => [nameOf(at), at]));
  for (const { memberId, owned } of members) {
    const share = shares.get(memberId) ?? [];
    for (const at of owned) {
      const found = free.get(nameOf(at));
      if (found === undefined || share.length > least || (share.length === least && larger === 0)) continue;
      if (share.length === least) larger--;
      share.push(found);
      free.delete(nameOf(at));
    }
  }
  for (const at of free.values()) {
    const [smallest] = [...shares.values()].sort((a, b) => a.length - b.length);
    smallest?.push(at);
  }
  return shares;
}

const claimSchema = z.object({
  generation: z.number().int(),
  owned: z.array(z.object({ topic: z.enum(['control', 'metrics']), partition: z.number().int() })),
});

export const encodeClaim = (generation: number, owned: readonly PartitionRef[]): Buffer =>
  Buffer.from(JSON.stringify({ generation, owned }));

/** A claim that can not be read claims nothing. */
export function decodeClaim(memberId: string, bytes: Buffer | null): Claim {
  try {
    return { memberId, ...claimSchema.parse(JSON.parse(bytes?.toString('utf8') ?? '')) };
  } catch {
    return { memberId, generation: -1, owned: [] };
  }
}
