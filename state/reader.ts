/** What can be asked of the folded state: every answer is synchronous and reflects whole offsets only. */
import type { ExperimentRecord, KeyRecord, RetryRecord, RunRecord, Verdict } from './types.js';

/** A verdict that is remembered, with the control offset of the event that it was first given to. */
export interface FirstVerdict {
  readonly offset: number;
  readonly verdict: Verdict;
}

/** The part that the fold reads: single records by key, so that a fold step costs the same in a large state as in a small one. */
export interface FoldReader {
  /** A run by the id that users see; deleted runs too. */
  run(workspace: string, id: string): RunRecord | undefined;
  runByUuid(uuid: string): RunRecord | undefined;
  experiment(workspace: string, id: string): ExperimentRecord | undefined;
  /** Deleted experiments too: their names stay taken. */
  experimentByName(workspace: string, name: string): ExperimentRecord | undefined;
  /** Value of a run's parameter; `run` is the internal UUID. */
  param(run: string, key: string): string | undefined;
  key(key: string): KeyRecord | undefined;
  /** Which generation of the tables readers see: 1 until a rebuild was switched to. */
  tablesGeneration(): number;
  /** How a dead letter was retried, by the name of its place (`letterName`). */
  retry(letter: string): RetryRecord | undefined;
  /** The first verdict on a command, while it is remembered. */
  verdict(commandId: string): FirstVerdict | undefined;
}

export interface StateReader extends FoldReader {
  /** In no particular order. */
  experiments(workspace: string): ExperimentRecord[];
  /** All parameters of a run (internal UUID), in an object without a prototype. */
  params(run: string): Record<string, string>;
  keys(workspace: string): KeyRecord[];
  /** Of all dead letters, in no particular order. */
  retries(): RetryRecord[];
  /** True once a key was ever made: revoking the last one must not open the door to everybody. */
  hasKeys(): boolean;
  /** Runs that are running or crashed and not deleted. */
  openRuns(): Iterable<RunRecord>;
}
