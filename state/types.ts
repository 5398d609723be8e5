/** What the fold knows and says: records of experiments, runs and keys, verdicts, and the facts that the projector turns into rows. */
import type { ControlEvent } from '../events/control-event.js';

export type RunStatus = 'running' | 'completed' | 'failed' | 'killed' | 'crashed';

/** One stretch of history that a run's series are made of: points of (run, generation) with step < cut. */
export interface Segment {
  /** Internal UUID of the run that holds the points. */
  readonly run: string;
  readonly generation: number;
  /** Points at `step >= cut` are not part of it. */
  readonly cut: number;
}

export interface ExperimentRecord {
  readonly workspace: string;
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly deleted: boolean;
}

export interface RunRecord {
  readonly workspace: string;
  /** Id as users see it, unique per workspace. */
  readonly id: string;
  readonly uuid: string;
  /** Experiment id. */
  readonly experiment: string;
  readonly name: string;
  readonly group: string;
  readonly jobType: string;
  /** User-visible id of the parent run, or ''. */
  readonly parent: string;
  readonly notes: string;
  readonly status: RunStatus;
  readonly reason: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly context: Readonly<Record<string, unknown>>;
  /** Generation that new points go to; counts up with every rewind. */
  readonly generation: number;
  /** What older generations and ancestors contribute, oldest first; the current generation contributes everything it has. */
  readonly segments: readonly Segment[];
  readonly createdAt: number;
  readonly startedAt: number;
  /** 0 while it runs. */
  readonly endedAt: number;
  readonly archived: boolean;
  readonly deleted: boolean;
}

export interface KeyRecord {
  readonly key: string;
  readonly workspace: string;
  readonly name: string;
  readonly secretHash: string;
  readonly scope: 'read' | 'write' | 'admin';
  readonly createdAt: number;
  /** 0 = never. */
  readonly expiresAt: number;
  readonly revoked: boolean;
}

/** That a dead letter's record was appended anew. */
export interface RetryRecord {
  readonly topic: 'control' | 'metrics';
  readonly partition: number;
  readonly offset: number;
  /** Its new offset in the same partition. */
  readonly retriedAs: number;
  readonly at: number;
  /** Id of the API key that asked, or ''. */
  readonly actor: string;
}

/** Why a control event was refused: a closed list. */
export type RefusalReason =
  | 'unknown_run'
  | 'unknown_experiment'
  | 'unknown_key'
  | 'experiment_name_taken'
  | 'experiment_deleted'
  | 'run_in_other_experiment'
  | 'run_deleted'
  | 'run_not_deleted'
  | 'param_conflict'
  | 'parent_unknown'
  | 'fork_unknown'
  | 'already_finished'
  | 'not_running'
  | 'key_taken'
  /** Readers see a later generation of the tables already. */
  | 'generation_passed'
  /** An internal id that the edge makes is in use; our own edge never makes one twice. */
  | 'id_taken';

export type Verdict =
  | {
      readonly accepted: true;
      /** False when the event changed nothing (a repeat, a run that was there already). */
      readonly changed: boolean;
      /** For RunStarted: whether this event brought the run into being. */
      readonly created?: boolean;
      /** Id of the experiment, run or key concerned, or the generation of the tables. */
      readonly subject: string;
    }
  | {
      readonly accepted: false;
      readonly reason: RefusalReason;
      /** The request field at fault, for example `params.lr`. */
      readonly field: string;
      /** A sentence for people; for a parameter conflict it names both values. */
      readonly detail: string;
    };

/** What a fold step established. Facts become rows; nothing else does. */
export type Fact =
  | { readonly type: 'ExperimentChanged'; readonly experiment: ExperimentRecord }
  | { readonly type: 'RunChanged'; readonly run: RunRecord }
  | {
      readonly type: 'ParamSet';
      readonly workspace: string;
      readonly run: string;
      readonly experiment: string;
      readonly key: string;
      readonly value: string;
      /** The value it replaced, when an overwrite was asked for. */
      readonly before?: string;
    }
  | {
      readonly type: 'TagSet';
      readonly workspace: string;
      readonly run: string;
      readonly experiment: string;
      readonly key: string;
      /** null: the tag was removed. */
      readonly value: string | null;
    }
  | { readonly type: 'KeyChanged'; readonly key: KeyRecord }
  | { readonly type: 'TablesSwitched'; readonly generation: number }
  | { readonly type: 'LetterRetried'; readonly retry: RetryRecord }
  | { readonly type: 'EventJudged'; readonly event: ControlEvent; readonly verdict: Verdict };

/** Everything that came out of one offset, in order. `EventJudged` is always last and always there. */
export interface OffsetFacts {
  readonly offset: number;
  readonly facts: readonly Fact[];
}
