/** The OpenAPI paths of the write side: complete by construction, and true to the schemas that check. */
import { describe, expect, it } from 'vitest';
import { ingestPaths } from './openapi.js';
import { routes } from './router.js';

interface Operation {
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Record<string, unknown> }> };
  readonly responses: Record<string, unknown>;
}

describe('the OpenAPI paths', () => {
  const paths = ingestPaths() as Record<string, Record<string, Operation>>;

  it('have every route, and points', () => {
    const listed = Object.values(paths).flatMap((item) => Object.keys(item));
    expect(listed).toHaveLength(routes.length + 1);
    expect(Object.keys(paths['/api/v1/runs/{id}'] ?? {})).toEqual(['patch', 'delete']);
  });

  it('show requests as they are sent: a parameter may be any scalar, unknown fields are refused', () => {
    const schema = paths['/api/v1/runs']?.['post']?.requestBody?.content['application/json']?.schema;
    expect(schema).toMatchObject({ required: ['experiment'], additionalProperties: false });
    expect(JSON.stringify(schema?.['properties'])).toContain('"boolean"');
    const points = paths['/api/v1/runs/{id}/points']?.['post']?.requestBody?.content ?? {};
    expect(Object.keys(points)).toEqual(['application/json', 'application/vnd.runlog.points']);
  });

  it('ask for no body where there is none to give', () => {
    expect(paths['/api/v1/runs/{id}/restore']?.['post']?.requestBody).toBeUndefined();
    expect(paths['/api/v1/keys']?.['get']?.requestBody).toBeUndefined();
  });
});
