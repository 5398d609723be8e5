/** The write side as OpenAPI 3.1 paths, made of the same routes and zod schemas that check the requests. */
import { z } from 'zod';
import { pointsRequest } from './api.js';
import { BINARY_POINTS } from './points.js';
import type { Route } from './route.js';
import { routes } from './router.js';

export type PathItem = Record<string, unknown>;

const position = z.string().describe('Pass it to a read as ?at= or Runlog-Position to see at least this write');
const scope = z.enum(['read', 'write', 'admin']);
const texts = z.record(z.string(), z.string());

const run = z.object({
  id: z.string(),
  uuid: z.uuid(),
  experiment: z.object({ id: z.uuid(), name: z.string() }),
  name: z.string(),
  group: z.string(),
  jobType: z.string(),
  parent: z.string(),
  notes: z.string(),
  status: z.enum(['running', 'completed', 'failed', 'killed', 'crashed']),
  reason: z.string(),
  tags: texts,
  params: texts,
  context: z.record(z.string(), z.unknown()),
  generation: z.int(),
  createdAt: z.int(),
  startedAt: z.int(),
  endedAt: z.int().nullable(),
  archived: z.boolean(),
});
const experiment = z.object({ id: z.uuid(), name: z.string(), createdAt: z.int(), deleted: z.boolean() });
const key = z.object({
  key: z.string(),
  name: z.string(),
  scope,
  createdAt: z.int(),
  expiresAt: z.int().nullable(),
  revoked: z.boolean(),
});

const letterPlace = z.object({ topic: z.enum(['control', 'metrics']), partition: z.int(), offset: z.int() });

const answers: Record<Route['answers'] | 'points', z.ZodType> = {
  run: z.object({ run, position }),
  experiment: z.object({ experiment, position }),
  key: z.object({ key, position }),
  createdKey: z.object({ key, secret: z.string(), position }),
  keys: z.object({ keys: z.array(key) }),
  retry: z.object({
    letter: letterPlace,
    retriedAs: letterPlace,
    at: z.int(),
    outcome: z.enum(['projected', 'dead_letter', 'pending']),
    reason: z.string().optional(),
    position,
  }),
  points: z.object({
    accepted: z.int(),
    duplicate: z.boolean().describe('A hint; the projector decides'),
    position,
    stop: z.literal(true).optional().describe('The job is asked to stop'),
  }),
};

const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  field: z.string().optional(),
  retriable: z.boolean(),
  requestId: z.string(),
});

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

const json = (schema: z.ZodType, io: 'input' | 'output' = 'output') => ({
  'application/json': { schema: jsonSchema(schema, io) },
});

const failure = {
  description: 'What went wrong, and which field is at fault',
  content: { 'application/problem+json': { schema: jsonSchema(problem, 'output') } },
};

const answerOf = (name: keyof typeof answers, description: string) => ({
  description,
  headers: { 'Runlog-Position': { schema: { type: 'string' } } },
  content: json(answers[name]),
});

const parameter = (name: string, where: 'path' | 'query' | 'header', description: string) => ({
  name,
  in: where,
  required: where === 'path',
  description,
  schema: { type: 'string' },
});

function operation(route: Route): object {
  const parameters = [
    ...[...route.path.matchAll(/:(\w+)/g)].map(([, name]) => parameter(name ?? '', 'path', 'Percent-encoded')),
    ...(route.path.endsWith('/params') ? [parameter('overwrite', 'query', 'true records a change')] : []),
    ...(route.method === 'GET' ? [] : [parameter('Idempotency-Key', 'header', 'The same again has no second effect')]),
  ];
  const body = jsonSchema(route.schema, 'input');
  const hasBody = 'properties' in body && Object.keys(body.properties as object).length > 0;
  return {
    summary: route.summary,
    parameters,
    ...(hasBody ? { requestBody: { required: true, content: json(route.schema, 'input') } } : {}),
    responses: {
      ...(route.status === 201 ? { 201: answerOf(route.answers, 'Created') } : {}),
      200: answerOf(route.answers, route.status === 201 ? 'It was there already' : 'Done'),
      default: failure,
    },
  };
}

const points = {
  summary: 'Appends points: JSON columns or one binary chunk (docs/EVENTS.md), also as gzip or lz4',
  parameters: [parameter('id', 'path', 'Percent-encoded')],
  requestBody: {
    required: true,
    content: { ...json(pointsRequest, 'input'), [BINARY_POINTS]: { schema: { type: 'string', format: 'binary' } } },
  },
  responses: { 202: answerOf('points', 'Durable'), default: failure },
};

/** The paths, keyed as OpenAPI has them; every one is also there under /w/{workspace}. */
export function ingestPaths(): Record<string, PathItem> {
  const paths: Record<string, PathItem> = { '/api/v1/runs/{id}/points': { post: points } };
  for (const route of routes) {
    const path = `/api/v1/${route.path.replaceAll(/:(\w+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return paths;
}
