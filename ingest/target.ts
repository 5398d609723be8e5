/** Which resource a URL names: the workspace and the path segments after /api/v1, percent-decoded strictly. */
import type { IncomingMessage } from 'node:http';
import { textFault, type ByteBounds } from '../events/bounded-text.js';
import { limits } from '../runtime/limits.js';
import { Problem } from '../runtime/problem.js';

export const DEFAULT_WORKSPACE = 'default';

export interface Target {
  /** As it stands in the path, still encoded; undefined without the /w/ prefix. */
  readonly workspace: string | undefined;
  /** The segments after /api/v1, still encoded. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
}

const API_PATH = /^(?:\/w\/([^/]*))?\/api\/v1\/(.*)$/s;

/** Express shortens `url` below a mount point and keeps the whole in `originalUrl`; the raw server knows only `url`. */
export const requestUrl = (req: IncomingMessage & { readonly originalUrl?: string }): string =>
  req.originalUrl ?? req.url ?? '';

/** The target of a URL under /api/v1, or undefined for any other URL. */
export function parseTarget(url: string): Target | undefined {
  const end = url.search(/[?#]/);
  const match = API_PATH.exec(end < 0 ? url : url.slice(0, end));
  if (match === null) return undefined;
  if (url.length > limits.urlBytesMax) {
    throw new Problem('invalid_request', `the URL is longer than ${String(limits.urlBytesMax)} bytes`, {
      field: 'url',
    });
  }
  const query = new URLSearchParams(end < 0 || url[end] === '#' ? '' : (url.slice(end + 1).split('#')[0] ?? ''));
  return { workspace: match[1], segments: (match[2] ?? '').split('/'), query };
}

/** One decoded segment, or a 400 that names `field`. (What is not plain ASCII does not get past Node's HTTP parser.) */
export function decodeSegment(raw: string, field: string, bounds: ByteBounds): string {
  const refuse = (detail: string) => new Problem('invalid_request', `${field} ${detail}`, { field });
  let decoded: string;
  try {
    decoded = decodeURIComponent(raw);
  } catch {
    throw refuse('is not valid percent-encoded UTF-8');
  }
  const fault = textFault(decoded, bounds);
  if (fault !== undefined) throw refuse(fault);
  return decoded;
}

export const decodeRunId = (raw: string): string =>
  decodeSegment(raw, 'id', { bytesMax: limits.runIdBytesMax, pathSafe: true });

export const decodeWorkspace = (raw: string): string =>
  decodeSegment(raw, 'workspace', { bytesMax: limits.workspaceNameBytesMax, pattern: /^[A-Za-z0-9][A-Za-z0-9._-]*$/ });
