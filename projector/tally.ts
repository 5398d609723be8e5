/** What the projector has done since it started: counted when it is wholly in the tables, told along with its health. */

export interface Inserted {
  readonly rows: number;
  readonly bytes: number;
}

export interface Tally {
  /** In the tables; repeats of batches are left out. */
  readonly points: number;
  readonly batches: number;
  /** Batches that were there already: a writer sent them again. */
  readonly duplicates: number;
  /** By table, as the tables acknowledged them; a slice that is made again counts again. */
  readonly inserted: Readonly<Record<string, Inserted>>;
}

export const emptyTally: Tally = { points: 0, batches: 0, duplicates: 0, inserted: {} };

export function addTallies(a: Tally, b: Tally): Tally {
  const inserted: Record<string, Inserted> = { ...a.inserted };
  for (const [table, { rows, bytes }] of Object.entries(b.inserted)) {
    const before = inserted[table] ?? { rows: 0, bytes: 0 };
    inserted[table] = { rows: before.rows + rows, bytes: before.bytes + bytes };
  }
  return {
    points: a.points + b.points,
    batches: a.batches + b.batches,
    duplicates: a.duplicates + b.duplicates,
    inserted,
  };
}

export class RunningTally {
  private tally: Tally = emptyTally;

  now(): Tally {
    return this.tally;
  }

  add(more: Partial<Tally>): void {
    this.tally = addTallies(this.tally, { ...emptyTally, ...more });
  }
}
