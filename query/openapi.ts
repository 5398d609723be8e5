/** The read side as OpenAPI 3.1 paths, made of the zod schemas that check the requests. */
import { z } from 'zod';
import { compareRequest, searchRequest, seriesRequest, topRequest } from './api.js';

type PathItem = Record<string, unknown>;

const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });

const at = {
  name: 'at',
  in: 'query',
  required: false,
  schema: { type: 'string' },
  description: 'A position: the answer includes at least that write (also as header Runlog-Position)',
};
const id = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };
const letterPlace = ['topic', 'partition', 'offset'].map((name) => ({ ...id, name }));
const problem = { description: 'application/problem+json', content: { 'application/problem+json': {} } };
const answers = {
  '200': { description: 'The answer', content: { 'application/json': {} } },
  '4XX': problem,
  '503': problem,
};

/** Every field of a flat schema as a parameter of the query string. */
function queryParameters(schema: z.ZodObject): object[] {
  const { properties = {}, required = [] } = schemaOf(schema);
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema: property,
  }));
}

const get = (summary: string, parameters: readonly object[] = []): PathItem => ({
  get: { summary, parameters: [...parameters, at], responses: answers },
});
const post = (summary: string, request: z.ZodType): PathItem => ({
  post: {
    summary,
    parameters: [at],
    requestBody: { required: true, content: { 'application/json': { schema: schemaOf(request) } } },
    responses: answers,
  },
});
const text = (name: string, description: string) => ({
  name,
  in: 'query',
  required: false,
  schema: { type: 'string' },
  description,
});

export const queryPaths = (): Record<string, PathItem> => ({
  '/api/v1/runs/{id}': get('A run with its parameters, tags, metrics and context', [id]),
  '/api/v1/search': post('Runs that match a filter, in order, page by page', searchRequest),
  '/api/v1/top': get('The k best runs by a metric', queryParameters(topRequest)),
  '/api/v1/series': post('Curves of several runs on one shared grid', seriesRequest),
  '/api/v1/compare': post('Parameters, metrics, tags, context and packages side by side', compareRequest),
  '/api/v1/experiments': get('Experiments with how many runs they have'),
  '/api/v1/columns': get('Names of parameters, tags and metrics, with how many runs have them', [
    text('experiment', 'only runs of this experiment'),
  ]),
  '/api/v1/admin/dead-letters': get('Records that could not be projected, with the reason; for admins', [
    text('limit', 'how many, at most 1000'),
    text('cursor', 'the `next` of the page before'),
  ]),
  '/api/v1/admin/dead-letters/{topic}/{partition}/{offset}': get('One of them, with its header and bytes', letterPlace),
  '/api/v1/live': get('Server-sent events: what changed of some runs or of an experiment', [
    text('runs', 'ids with commas'),
    text('experiment', 'name'),
    text('since', 'a position to resume from (also as Last-Event-ID)'),
  ]),
});
