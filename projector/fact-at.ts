/** Facts with the offset of the event that gave them: what the projections of control events take. */
import type { Fact } from '../state/types.js';

export type FactType = Fact['type'];

export interface FactAt<T extends FactType> {
  /** Control offset: the `version` of the rows. */
  readonly offset: number;
  readonly fact: Extract<Fact, { readonly type: T }>;
}

export interface TableBlock {
  readonly table: string;
  readonly block: readonly Uint8Array[];
}

/** The last fact of each key: rows replace each other by key, and within one slice only the last would be left. */
export function lastByKey<T>(facts: readonly T[], keyOf: (fact: T) => string): T[] {
  const last = new Map<string, T>();
  for (const fact of facts) last.set(keyOf(fact), fact);
  return [...last.values()];
}
