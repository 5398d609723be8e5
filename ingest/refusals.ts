/** What the fold's reasons for a refusal are over HTTP: a table, complete by its type. */
import { Problem, type ProblemCode } from '../runtime/problem.js';
import type { RefusalReason, Verdict } from '../state/types.js';

const CODES: Readonly<Record<RefusalReason, ProblemCode>> = {
  unknown_run: 'not_found',
  unknown_experiment: 'not_found',
  unknown_key: 'not_found',
  parent_unknown: 'not_found',
  fork_unknown: 'not_found',
  run_deleted: 'gone',
  experiment_deleted: 'gone',
  experiment_name_taken: 'conflict',
  run_in_other_experiment: 'conflict',
  run_not_deleted: 'conflict',
  param_conflict: 'conflict',
  already_finished: 'conflict',
  not_running: 'conflict',
  key_taken: 'conflict',
  generation_passed: 'conflict',
  id_taken: 'conflict',
};

export type Refused = Extract<Verdict, { accepted: false }>;

export const refusalProblem = ({ reason, field, detail }: Refused): Problem =>
  new Problem(CODES[reason], detail, { field });
