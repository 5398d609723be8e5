/** Conditions on the attributes of a run: columns of `runs`, and a status that is partly derived from when the run was last heard. */
import { limits } from '../../runtime/limits.js';
import type { AttributeName, Condition, Operand } from './ast.js';
import { matches, numberIs, textIs } from './comparisons.js';
import type { CompileContext } from './compile.js';

const STATUSES = ['running', 'completed', 'failed', 'killed', 'crashed'] as const;

const TEXT_COLUMNS: Partial<Record<AttributeName, string>> = {
  id: 'r.id',
  name: 'r.name',
  group: 'r.group',
  job_type: 'r.job_type',
  parent: 'r.parent',
  notes: 'r.notes',
  reason: 'r.reason',
};

/** Moments and spans in ms, as expressions that are NULL while they are unset. */
export function millisOf(name: AttributeName, { bindings, nowMs }: CompileContext): string | undefined {
  const ms = (column: string) => `toUnixTimestamp64Milli(r.${column})`;
  switch (name) {
    case 'started':
      return ms('started_at');
    case 'ended':
      return `nullIf(${ms('ended_at')}, 0)`;
    case 'created':
      return ms('created_at');
    case 'duration':
      return `(ifNull(nullIf(${ms('ended_at')}, 0), ${bindings.float(nowMs)}) - ${ms('started_at')})`;
    default:
      return undefined;
  }
}

/** True while a run that counts as running was heard of lately; not heard of for longer, it counts as crashed. */
function heardLately({ bindings, nowMs }: CompileContext): string {
  const since = bindings.moment(nowMs - limits.crashedAfterMs);
  return `(r.created_at >= ${since} OR r.run IN (SELECT run FROM seen WHERE seen_at >= ${since}))`;
}

/** The status that answers say. */
export const statusOf = (context: CompileContext): string =>
  `if(r.status = 'running' AND NOT ${heardLately(context)}, 'crashed', toString(r.status))`;

export function attributeCondition(condition: Condition, name: AttributeName, context: CompileContext): string {
  const { bindings } = context;
  if (name === 'status') return statusCondition(condition, context);
  if (name === 'experiment') return experimentCondition(condition, context);
  if (name === 'archived') return flagCondition(condition);
  const column = TEXT_COLUMNS[name];
  if (column !== undefined) {
    const unset = `${column} = ''`;
    return condition.kind === 'unset' ? unset : `(NOT ${unset} AND ${textTest(condition, column, context)})`;
  }
  const ms = millisOf(name, context) ?? 'NULL';
  switch (condition.kind) {
    case 'unset':
      return `isNull(${ms})`;
    case 'compare':
      return `(isNotNull(${ms}) AND ${numberIs(ms, condition.operator, momentOf(condition.operand, context), bindings)})`;
    case 'in': {
      const any = condition.operands.map((o) => numberIs(ms, '=', momentOf(o, context), bindings)).join(' OR ');
      return `(isNotNull(${ms}) AND ${condition.negated ? 'NOT ' : ''}(${any}))`;
    }
    case 'match':
      throw new Error('a time is not text: the parser lets no pattern through');
  }
}

const momentOf = (operand: Operand, { nowMs }: CompileContext): number =>
  operand.type === 'relative' ? nowMs + operand.value : Number(operand.value);

function textTest(
  condition: Exclude<Condition, { kind: 'unset' }>,
  column: string,
  { bindings }: CompileContext,
): string {
  if (condition.kind === 'match') return matches(column, condition, bindings);
  if (condition.kind === 'compare') {
    return textIs(column, undefined, condition.operator, String(condition.operand.value), bindings);
  }
  const list = bindings.texts(condition.operands.map((operand) => String(operand.value)));
  return `${column} ${condition.negated ? 'NOT IN' : 'IN'} ${list}`;
}

/** Which statuses fulfil the condition is known here; only telling running from crashed needs a look at `seen`. */
function statusCondition(condition: Condition, context: CompileContext): string {
  if (condition.kind === 'unset') return '0';
  if (condition.kind === 'match') return matches(statusOf(context), condition, context.bindings);
  const named = (condition.kind === 'in' ? condition.operands : [condition.operand]).map((o) => String(o.value));
  const negated = condition.kind === 'in' ? condition.negated : condition.operator === '!=';
  const wanted = STATUSES.filter((status) => named.includes(status) !== negated);
  const list = wanted.map((status) => `'${status}'`).join(', ');
  const running = wanted.includes('running');
  const crashed = wanted.includes('crashed');
  const recorded = wanted.length === 0 ? '0' : `r.status IN (${list})`;
  if (running && !crashed) return `(${recorded} AND NOT (r.status = 'running' AND NOT ${heardLately(context)}))`;
  if (crashed && !running) return `(${recorded} OR (r.status = 'running' AND NOT ${heardLately(context)}))`;
  return recorded;
}

/** An experiment goes by its name. */
function experimentCondition(condition: Condition, context: CompileContext): string {
  if (condition.kind === 'unset') return '0';
  return `r.experiment IN (SELECT experiment FROM experiments FINAL WHERE ${textTest(condition, 'name', context)})`;
}

function flagCondition(condition: Condition): string {
  if (condition.kind === 'unset' || condition.kind === 'match') return '0';
  const operands = condition.kind === 'in' ? condition.operands : [condition.operand];
  const negated = condition.kind === 'in' ? condition.negated : condition.operator === '!=';
  const any = operands.map((operand) => `r.archived = ${operand.value === true ? '1' : '0'}`).join(' OR ');
  return `${negated ? 'NOT ' : ''}(${any})`;
}
