/** The HTTP face of a server: points on the raw socket first, then Express with queries, commands, the page and the probes. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Router } from 'express';
import helmet from 'helmet';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { limits } from '../runtime/limits.js';
import { answerProblem, PROBLEM_EVENT } from '../runtime/problem-answer.js';
import { Problem } from '../runtime/problem.js';
import { pageRoutes } from './page.js';

export interface HttpParts {
  /** Left out where a process has none. */
  readonly api?: {
    readonly points: (request: IncomingMessage, response: ServerResponse) => boolean;
    readonly query: Router;
    readonly ingest: Router;
    readonly admin: Router;
  };
  readonly probes: Router;
  /** Told of every request that is answered with a Problem. */
  readonly onProblem: (problem: Problem, request: IncomingMessage, requestId?: string) => void;
  /** Folder of the built page; absent in a server without one. */
  readonly pageDir: string | undefined;
}

export function createApp(parts: HttpParts): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'self'"],
          scriptSrc: ["'self'"],
          styleSrc: ["'self'"],
          imgSrc: ["'self'", 'data:', 'blob:'],
          connectSrc: ["'self'"],
          objectSrc: ["'none'"],
          baseUri: ["'none'"],
          formAction: ["'self'"],
          frameAncestors: ["'none'"],
        },
      },
      strictTransportSecurity: false,
    }),
  );
  app.use(parts.probes);
  if (parts.api !== undefined) {
    const { ingest, admin, query } = parts.api;
    app.use(ingest); // reads its paths itself, strictly, and passes on what is not its own
    for (const base of ['/api/v1', '/w/:workspace/api/v1']) app.use(base, admin, query);
  }
  if (parts.pageDir !== undefined) app.use(pageRoutes(parts.pageDir));
  app.use((request, response) => {
    answerProblem(response, new Problem('not_found', `nothing is at ${request.path.slice(0, 200)}`, { field: 'path' }));
  });
  app.use((error: unknown, _request: express.Request, response: express.Response, next: express.NextFunction) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    if (error instanceof Problem) answerProblem(response, error);
    else if (error instanceof URIError)
      answerProblem(response, new Problem('invalid_request', 'the path is not well-formed', { field: 'path' }));
    else next(error);
  });
  return app;
}

export function createHttpServer(parts: HttpParts): Server {
  const app = createApp(parts);
  const server = createServer({ maxHeaderSize: 2 * limits.urlBytesMax }, (request, response) => {
    response.on(PROBLEM_EVENT, (problem: Problem, requestId?: string) => parts.onProblem(problem, request, requestId));
    if ((request.url ?? '').length > limits.urlBytesMax) {
      answerProblem(
        response,
        new Problem('invalid_request', `the URL is longer than ${String(limits.urlBytesMax)} bytes`, { field: 'url' }),
      );
      return;
    }
    if (parts.api?.points(request, response) === true) return;
    app(request, response);
  });
  server.keepAliveTimeout = 65_000;
  server.requestTimeout = 300_000;
  return server;
}

/** Listens and resolves with the port. A port in use comes as an error with code EADDRINUSE. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
