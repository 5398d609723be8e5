/** How a run's history is put together: what a fork inherits and what a rewind leaves of older generations. */
import type { RunRecord, Segment } from './types.js';

type Source = Pick<RunRecord, 'uuid' | 'generation' | 'segments'>;

/** A fork at step s inherits the points with step <= s: of the source's ancestors and older generations, then of its current one. */
export const forkSegments = (source: Source, step: number): Segment[] => upTo(source, step + 1);

/** A rewind to step s keeps the points with step < s; the generation that was current becomes the youngest segment. */
export const rewindSegments = (run: Source, step: number): Segment[] => upTo(run, step);

const upTo = (run: Source, cut: number): Segment[] => [
  ...run.segments.map((segment) => ({ ...segment, cut: Math.min(segment.cut, cut) })),
  { run: run.uuid, generation: run.generation, cut },
];
