/** Serves the built page: hashed assets for ever, the shell for every address that a person may open. */
import path from 'node:path';
import express, { Router } from 'express';

export function pageRoutes(pageDir: string): Router {
  const router = Router();
  router.use(
    '/assets',
    express.static(path.join(pageDir, 'assets'), { immutable: true, maxAge: '1y', index: false, fallthrough: false }),
  );
  router.use(express.static(pageDir, { index: false, maxAge: 0 }));
  router.get(/^(?!\/api\/|\/w\/[^/]+\/api\/)/, (request, response, next) => {
    if (request.accepts(['json', 'html']) !== 'html') {
      next();
      return;
    }
    response.set('cache-control', 'no-cache');
    response.sendFile(path.join(pageDir, 'index.html'));
  });
  return router;
}
