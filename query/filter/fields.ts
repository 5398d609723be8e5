/** Names of the filter language to fields: prefixes and their other spellings, attributes, and aggregates of metrics. */
import { attributeNames, metricAggregates, type AttributeName, type Field, type MetricAggregate } from './ast.js';
import { shorten, type NamePart, type Source } from './lexer.js';
import { nearest } from './suggest.js';

type Space = Field['space'];

/** The first of each is the one that messages name; the others are what users of MLflow write. */
const SPACES: Readonly<Record<string, Space>> = {
  metrics: 'metric',
  metric: 'metric',
  params: 'param',
  param: 'param',
  parameters: 'param',
  parameter: 'param',
  tags: 'tag',
  tag: 'tag',
  attributes: 'attribute',
  attribute: 'attribute',
  attr: 'attribute',
  run: 'attribute',
};

const OTHER_SPELLINGS: Readonly<Record<string, AttributeName>> = {
  jobtype: 'job_type',
  run_id: 'id',
  run_name: 'name',
  'run name': 'name',
  experiment_name: 'experiment',
  start_time: 'started',
  started_at: 'started',
  startedat: 'started',
  end_time: 'ended',
  ended_at: 'ended',
  endedat: 'ended',
  created_at: 'created',
  createdat: 'created',
};

const isAttribute = (name: string): name is AttributeName => (attributeNames as readonly string[]).includes(name);
const isAggregate = (name: string): name is MetricAggregate => (metricAggregates as readonly string[]).includes(name);

function attributeOf(name: string): AttributeName | undefined {
  const lower = name.toLowerCase();
  if (isAttribute(lower)) return lower;
  return Object.hasOwn(OTHER_SPELLINGS, lower) ? OTHER_SPELLINGS[lower] : undefined;
}

/** The field that a name token stands for; `start` is where the token is, for the complaint. */
export function fieldOf(source: Source, start: number, parts: readonly NamePart[]): Field {
  const [head, ...rest] = parts;
  if (head === undefined) throw source.fault(start, 'a field is missing');
  const space =
    head.quoted || !Object.hasOwn(SPACES, head.text.toLowerCase()) ? undefined : SPACES[head.text.toLowerCase()];
  if (space === undefined || (rest.length === 0 && space !== 'attribute')) {
    const attribute = rest.length === 0 ? attributeOf(head.text) : undefined;
    if (attribute !== undefined) return { space: 'attribute', name: attribute };
    throw source.fault(start, unknownField(parts));
  }
  if (space === 'attribute') {
    const [name] = rest;
    const attribute = name === undefined || rest.length > 1 ? undefined : attributeOf(name.text);
    if (attribute !== undefined) return { space, name: attribute };
    throw source.fault(start, unknownAttribute(join(rest)));
  }
  const last = rest.at(-1);
  if (space === 'metric' && last !== undefined && !last.quoted && rest.length > 1) {
    const aggregate = last.text.toLowerCase();
    if (isAggregate(aggregate)) return { space, key: join(rest.slice(0, -1)), aggregate };
  }
  return space === 'metric' ? { space, key: join(rest), aggregate: 'last' } : { space, key: join(rest) };
}

const join = (parts: readonly NamePart[]) => parts.map((part) => part.text).join('.');

const ALL = 'fields are metrics.…, params.…, tags.… and ' + attributeNames.join(', ');

function unknownAttribute(name: string): string {
  if (name === '') return `the name of an attribute is missing; ${ALL}`;
  const meant = nearest(name, attributeNames);
  const attributes = `attributes are ${attributeNames.join(', ')}`;
  return `there is no attribute ${shorten(name)}; ${meant === undefined ? attributes : `did you mean ${meant}?`}`;
}

function unknownField(parts: readonly NamePart[]): string {
  const [head, ...rest] = parts;
  const word = head?.text ?? '';
  const name = shorten(join(parts));
  if (Object.hasOwn(SPACES, word.toLowerCase()) && rest.length === 0) {
    return `${word} needs a name after it, as in ${word}.loss`;
  }
  if (rest.length > 0) {
    const prefix = nearest(word, ['metrics', 'params', 'tags', 'attributes']);
    return `there is no field ${name}; ${prefix === undefined ? `did you mean metrics.${name}, params.${name} or tags.${name}?` : `did you mean ${prefix}.${shorten(join(rest))}?`}`;
  }
  const meant = nearest(word, attributeNames);
  if (meant !== undefined) return `there is no field ${name}; did you mean ${meant}?`;
  return `there is no field ${name}; did you mean metrics.${name}, params.${name} or tags.${name}? ${ALL}`;
}
