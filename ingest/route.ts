/** What a route of the control plane is: data for the router and for OpenAPI, and one function from a checked request to an answer. */
import type { z } from 'zod';
import type { Access, Scope } from './auth.js';
import type { Edge } from './edge.js';

export interface Ask<Body> {
  readonly edge: Edge;
  readonly access: Access;
  /** What stands for the `:name`s of the path, decoded, '' where there is none. */
  readonly id: string;
  readonly query: URLSearchParams;
  readonly body: Body;
  readonly commandId: string;
}

export interface Answer {
  readonly status: number;
  readonly body: object;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below /api/v1; `:name` stands for one segment. */
  readonly path: string;
  readonly scope: Scope;
  readonly summary: string;
  /** Name of the answer's schema in openapi.ts. */
  readonly answers: 'run' | 'experiment' | 'key' | 'createdKey' | 'keys' | 'retry';
  /** Status of success; a creation that found what was there already answers 200. */
  readonly status: 200 | 201;
  /** Given the segments for the `:name`s as they came, with `/` between them. */
  readonly decodeId?: (raw: string) => string;
  readonly schema: z.ZodType;
  handle(ask: Ask<unknown>): Promise<Answer>;
}

/** A route whose `handle` sees the body as its schema gives it. */
export function route<Body>(
  definition: Omit<Route, 'schema' | 'handle'> & {
    readonly schema: z.ZodType<Body>;
    readonly handle: (ask: Ask<Body>) => Promise<Answer>;
  },
): Route {
  return { ...definition, handle: (ask) => definition.handle(ask as Ask<Body>) };
}
