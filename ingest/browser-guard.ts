/** Keeps web pages of other sites from using a server without keys: DNS rebinding (Host) and cross-site writes (Origin). */
import type { IncomingMessage } from 'node:http';
import { Problem } from '../runtime/problem.js';

/** The name in a Host header, without port and brackets, in lower case; undefined when it is none. */
export function hostName(host: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host ?? '');
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

export const isLoopbackName = (name: string): boolean =>
  name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127\.\d+\.\d+\.\d+$/.test(name);

/** A page that had its own name re-pointed at this machine still sends that name. `allowed` may hold `*` for any name. */
export function refuseForeignHost(req: IncomingMessage, allowed: readonly string[]): void {
  const name = hostName(req.headers.host);
  if (name !== undefined && (isLoopbackName(name) || allowed.includes(name) || allowed.includes('*'))) return;
  throw new Problem('forbidden', 'this server answers without keys only under a loopback name or an allowed host', {
    field: 'Host',
  });
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Browsers send Origin with every write; one from elsewhere than this server is not the user's own doing. */
export function refuseForeignOrigin(req: IncomingMessage): void {
  const origin = req.headers.origin;
  if (origin === undefined || SAFE_METHODS.has(req.method ?? '')) return;
  const site = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1];
  if (site !== undefined && site.toLowerCase() === req.headers.host?.toLowerCase()) return;
  throw new Problem('forbidden', 'a page of another origin may not write here', { field: 'Origin' });
}
