/** The fold's rules about what hangs on a run: a parameter's first value wins unless an overwrite is asked for; a tag's last value wins. */
import { quoted, refused, type Change, type Judged } from './judged.js';
import type { FoldReader } from './reader.js';
import type { Fact, RunRecord } from './types.js';

type OfRun = Pick<RunRecord, 'workspace' | 'uuid' | 'experiment'>;
/** Keys may be `__proto__` or `constructor`: entries are enumerated, never looked up in an object with a prototype. */
type Dictionary<V> = Readonly<Record<string, V>>;

export interface Merged {
  readonly facts: readonly Fact[];
  readonly changes: readonly Change[];
}

/** The parameters that are new or, with `overwrite`, different; a refusal when a first value would be lost. */
export function mergeParams(
  state: Pick<FoldReader, 'param'>,
  run: OfRun,
  params: Dictionary<string>,
  overwrite: boolean,
): Merged | { readonly conflict: Judged } {
  const facts: Fact[] = [];
  const changes: Change[] = [];
  for (const [key, value] of Object.entries(params)) {
    const before = state.param(run.uuid, key);
    if (before === value) continue;
    if (before !== undefined && !overwrite) return { conflict: conflictOf(key, before, value) };
    facts.push(paramSet(run, key, value, before));
    changes.push({ type: 'param', run: run.uuid, key, value });
  }
  return { facts, changes };
}

function conflictOf(key: string, before: string, value: string): Judged {
  const detail = `The parameter ${quoted(key)} is ${quoted(before)} and stays so; ${quoted(value)} was given.`;
  return refused('param_conflict', `params.${key}`, detail);
}

const paramSet = (run: OfRun, key: string, value: string, before: string | undefined): Fact => ({
  type: 'ParamSet',
  workspace: run.workspace,
  run: run.uuid,
  experiment: run.experiment,
  key,
  value,
  ...(before === undefined ? {} : { before }),
});

/** The tags after the changes (null removes), with one fact for each that really changed. */
export function mergeTags(
  run: OfRun,
  before: Dictionary<string>,
  changes: Dictionary<string | null>,
): { readonly tags: Dictionary<string>; readonly facts: readonly Fact[] } {
  const tags = new Map(Object.entries(before));
  const facts: Fact[] = [];
  for (const [key, value] of Object.entries(changes)) {
    if ((tags.get(key) ?? null) === value) continue;
    if (value === null) tags.delete(key);
    else tags.set(key, value);
    facts.push({ type: 'TagSet', workspace: run.workspace, run: run.uuid, experiment: run.experiment, key, value });
  }
  return { tags: dictionaryOf(tags), facts };
}

/** An object without a prototype, so that reading `constructor` or `__proto__` finds a key or nothing. */
export function dictionaryOf<V>(entries: Iterable<readonly [string, V]>): Record<string, V> {
  const dictionary = Object.create(null) as Record<string, V>;
  for (const [key, value] of entries) dictionary[key] = value;
  return dictionary;
}
