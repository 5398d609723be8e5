/** A position: the opaque vector (epoch, control offset, highest offset per metrics partition) that writes answer with and reads wait for. */
import type { PartitionRef } from './event-log.js';
import { err, ok, type Result } from '../runtime/result.js';

export interface Position {
  /** Changes when a log is made anew; positions of another epoch mean nothing. */
  readonly epoch: string;
  /** Highest control offset included, -1 for none. */
  readonly control: number;
  /** Highest offset included per metrics partition, -1 for none. */
  readonly metrics: readonly number[];
}

export const emptyPosition = (epoch: string): Position => ({ epoch, control: -1, metrics: [] });

/** Highest offset of the partition that is included, -1 for none. */
export const reachedIn = (position: Position, { topic, partition }: PartitionRef): number =>
  (topic === 'control' ? position.control : position.metrics[partition]) ?? -1;

/** Text form, safe in headers and query strings: `<epoch>.<control>.<m0>.<m1>…` with `_` for none. */
export function formatPosition(position: Position): string {
  const part = (offset: number) => (offset < 0 ? '_' : String(offset));
  return [position.epoch, part(position.control), ...position.metrics.map(part)].join('.');
}

export function parsePosition(text: string): Result<Position, string> {
  if (text.length > 4096 || !/^[0-9a-z]{1,32}(\.(_|\d{1,15}))+$/.test(text)) return err('not a position');
  const [epoch = '', control = '_', ...metrics] = text.split('.');
  const part = (field: string) => (field === '_' ? -1 : Number(field));
  return ok({ epoch, control: part(control), metrics: metrics.map(part) });
}

/** Part by part, the larger. Positions of another epoch than `a` are ignored. */
export function mergePositions(a: Position, b: Position): Position {
  if (a.epoch !== b.epoch) return a;
  const length = Math.max(a.metrics.length, b.metrics.length);
  const metrics = Array.from({ length }, (_, i) => Math.max(a.metrics[i] ?? -1, b.metrics[i] ?? -1));
  return { epoch: a.epoch, control: Math.max(a.control, b.control), metrics };
}

/** True when `reached` includes everything that `wanted` asks for. */
export function covers(reached: Position, wanted: Position): boolean {
  if (reached.epoch !== wanted.epoch) return true;
  if (reached.control < wanted.control) return false;
  return wanted.metrics.every((offset, i) => (reached.metrics[i] ?? -1) >= offset);
}
