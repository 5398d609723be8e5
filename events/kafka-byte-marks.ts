/**
 * How many bytes of value lie behind an offset of a partition that others append to as well. What this process appended or read is
 * known; what lies between is taken to be like the rest.
 */
import { limits } from '../runtime/limits.js';

export class ByteMarks {
  /** Offsets that rise, and the bytes of value in front of each, counted from the first mark on. */
  private readonly offsets: number[] = [];
  private readonly before: number[] = [];
  /** Bytes of a record of this partition, as far as seen. */
  private mean: number | undefined;

  constructor(private readonly fallback: () => number) {}

  /** Bytes of an average record, undefined when none was seen. */
  get recordBytes(): number | undefined {
    return this.mean;
  }

  /** Records from `first` on, together `bytes` long, were appended or read. */
  note(first: number, records: number, bytes: number): void {
    if (records === 0) return;
    const seen = bytes / records;
    this.mean = this.mean === undefined ? seen : this.mean + (seen - this.mean) / 16;
    const { offsets, before } = this;
    if (offsets.length === 0) {
      offsets.push(first);
      before.push(0);
    }
    const [last = 0, lastBefore = 0] = [offsets.at(-1), before.at(-1)];
    const end = first + records;
    if (end <= last) return;
    // the part in front of `first` that is not known is like the rest; of what overlaps, only what is new counts
    const gap = Math.max(0, first - last) * this.mean;
    const fresh = (Math.min(records, end - last) / records) * bytes;
    const total = lastBefore + gap + fresh;
    // neighbours in one step of the ladder share a mark
    const share = gap === 0 && offsets.length > 1 && total - (before.at(-2) ?? 0) < limits.kafkaByteMarkBytes;
    if (share) {
      offsets[offsets.length - 1] = end;
      before[before.length - 1] = total;
      return;
    }
    if (gap > 0) {
      offsets.push(first);
      before.push(lastBefore + gap);
    }
    offsets.push(end);
    before.push(total);
    if (offsets.length > limits.kafkaByteMarksMax) this.thin();
  }

  /** Bytes from `offset` to `head`. */
  between(offset: number, head: number): number {
    return Math.max(0, Math.round(this.upTo(head) - this.upTo(offset)));
  }

  private upTo(offset: number): number {
    const { offsets, before } = this;
    const each = this.mean ?? this.fallback();
    const [first = 0, last = 0] = [offsets[0], offsets.at(-1)];
    if (offsets.length === 0) return offset * each;
    if (offset <= first) return (offset - first) * each;
    if (offset >= last) return (before.at(-1) ?? 0) + (offset - last) * each;
    let [low, high] = [0, offsets.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((offsets[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    const [from = 0, to = 0, bytesFrom = 0, bytesTo = 0] = [offsets[low], offsets[high], before[low], before[high]];
    return bytesFrom + ((offset - from) / (to - from)) * (bytesTo - bytesFrom);
  }

  /** The older half keeps every other mark. */
  private thin(): void {
    const half = this.offsets.length >> 1;
    const keep = (_: number, i: number): boolean => i > half || i % 2 === 0;
    this.offsets.splice(0, Infinity, ...this.offsets.filter(keep));
    this.before.splice(0, Infinity, ...this.before.filter(keep));
  }
}
