/** Keeps count, last, min and max of every series that was logged, to compare with what the server says. */

export interface SeriesTally {
  count: number;
  last: number;
  lastStep: number;
  min: number;
  max: number;
}

export class Tally {
  readonly series = new Map<string, SeriesTally>();

  /** Steps must not go back: the last call is then the last value. */
  log(metrics: Readonly<Record<string, number>>, step: number): void {
    for (const [key, value] of Object.entries(metrics)) {
      const known = this.series.get(key);
      if (known === undefined) {
        this.series.set(key, { count: 1, last: value, lastStep: step, min: value, max: value });
        continue;
      }
      known.count += 1;
      known.last = value;
      known.lastStep = step;
      known.min = Math.min(known.min, value);
      known.max = Math.max(known.max, value);
    }
  }
}
