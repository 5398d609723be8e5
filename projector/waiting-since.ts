/** Since when the oldest record of a partition that is not in the tables has been waiting. */

export class WaitingSince {
  /** Slices on their way, each with when its first record came. */
  private readonly underWay: { readonly last: number; readonly at: number | undefined }[] = [];
  private nextAt: () => number | undefined = () => undefined;
  private behindSince: number | undefined;

  /** When the first record came that is read and in no slice yet. */
  watch(nextAt: () => number | undefined): void {
    this.nextAt = nextAt;
  }

  took(last: number, at: number | undefined): void {
    this.underWay.push({ last, at });
  }

  landed(last: number): void {
    while ((this.underWay[0]?.last ?? Infinity) <= last) this.underWay.shift();
  }

  /** ms since the epoch, undefined when nothing waits. Of a record that nobody has read: since it was first missed. */
  oldest(lag: number, now: number): number | undefined {
    if (lag <= 0) {
      this.behindSince = undefined;
      return undefined;
    }
    this.behindSince ??= now;
    return (this.underWay[0] === undefined ? this.nextAt() : this.underWay[0].at) ?? this.behindSince;
  }
}
