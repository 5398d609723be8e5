/** The arrays that hold a slice's points while they are sorted, summarised and sent; kept for the next slice, for they are large. */
import { limits } from '../runtime/limits.js';

export interface PointBuffers {
  readonly capacity: number;
  /** Low and high halves of int64. */
  readonly step: Int32Array;
  readonly micro: Int32Array;
  readonly time: Int32Array;
  readonly value: Float64Array;
  /** 16 bytes of UUID per row. */
  readonly run: Uint32Array;
  readonly generation: Uint32Array;
  /** Room for indexes of up to 32 bits into the dictionaries of workspaces, keys and contexts. */
  readonly workspace: ArrayBuffer;
  readonly key: ArrayBuffer;
  readonly context: ArrayBuffer;
}

const CAPACITY_MIN = 4096;
/** Larger ones are given back to the system when there is nothing to do. */
const CAPACITY_IDLE_MAX = 65_536;

export function createPointBuffers(rows: number): PointBuffers {
  const capacity = Math.max(CAPACITY_MIN, 2 ** Math.ceil(Math.log2(rows)));
  return {
    capacity,
    step: new Int32Array(2 * capacity),
    micro: new Int32Array(capacity),
    time: new Int32Array(2 * capacity),
    value: new Float64Array(capacity),
    run: new Uint32Array(4 * capacity),
    generation: new Uint32Array(capacity),
    workspace: new ArrayBuffer(4 * capacity),
    key: new ArrayBuffer(4 * capacity),
    context: new ArrayBuffer(4 * capacity),
  };
}

/** Buffers that are in use by one slice at a time. */
export class PointBufferPool {
  private free: PointBuffers[] = [];

  take(rows: number): PointBuffers {
    const at = this.free.findIndex((buffers) => buffers.capacity >= rows);
    const [taken] = at < 0 ? [] : this.free.splice(at, 1);
    return taken ?? createPointBuffers(rows);
  }

  give(buffers: PointBuffers): void {
    this.free.push(buffers);
    // the smallest go first when there are more than can be in use
    this.free.sort((a, b) => a.capacity - b.capacity);
    if (this.free.length > limits.slicesInFlightMax) this.free.shift();
  }

  /** Called when nothing is in flight. */
  relax(): void {
    this.free = this.free.filter((buffers) => buffers.capacity <= CAPACITY_IDLE_MAX);
  }
}
