/** Facts → blocks of all the tables they concern: one projection per type of fact, so that a new type does not compile without one. */
import type { OffsetFacts } from '../state/types.js';
import type { FactAt, FactType, TableBlock } from './fact-at.js';
import { projectEvents } from './project-events.js';
import { projectExperiments } from './project-experiments.js';
import { projectParams } from './project-params.js';
import { projectRuns } from './project-runs.js';
import { projectTags } from './project-tags.js';

const projections: { readonly [T in FactType]: (facts: readonly FactAt<T>[]) => TableBlock[] } = {
  ExperimentChanged: projectExperiments,
  RunChanged: projectRuns,
  ParamSet: projectParams,
  TagSet: projectTags,
  // keys of the API are nobody's business but the edge's
  KeyChanged: () => [],
  // which tables readers see is not a row of any
  TablesSwitched: () => [],
  // who lists letters asks the state
  LetterRetried: () => [],
  EventJudged: projectEvents,
};

/** Blocks for the facts of consecutive offsets, in the order of the log. */
export function projectFacts(offsets: readonly OffsetFacts[]): TableBlock[] {
  const project = <T extends FactType>(type: T): TableBlock[] => projections[type](ofType(offsets, type));
  return (Object.keys(projections) as FactType[]).flatMap((type) => project(type));
}

function ofType<T extends FactType>(offsets: readonly OffsetFacts[], type: T): FactAt<T>[] {
  return offsets.flatMap(({ offset, facts }) =>
    facts.filter((fact): fact is FactAt<T>['fact'] => fact.type === type).map((fact) => ({ offset, fact })),
  );
}
