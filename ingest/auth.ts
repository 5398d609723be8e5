/** Who asks, in which workspace and with which scope: API keys by Bearer, Basic or X-API-Key, or nobody on a loopback server. */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../runtime/clock.js';
import { Problem } from '../runtime/problem.js';
import type { StateReader } from '../state/reader.js';
import type { KeyRecord } from '../state/types.js';
import { parseApiKey, secretMatches } from './api-key.js';
import { refuseForeignHost, refuseForeignOrigin } from './browser-guard.js';
import { DEFAULT_WORKSPACE, decodeWorkspace, parseTarget, requestUrl } from './target.js';

export type Scope = 'read' | 'write' | 'admin';

export interface Access {
  readonly workspace: string;
  /** Id of the API key, when there is one. */
  readonly actor?: string;
  readonly scope: Scope;
}

/** Throws a Problem (401, 403, or 400 for a bad workspace name). Works on raw and on Express requests. */
export type Authenticate = (req: IncomingMessage) => Access;

export interface AuthDeps {
  /** Which keys there are, as the control events say. */
  readonly replica: { readonly state: Pick<StateReader, 'key'> };
  readonly clock: Clock;
  /** Refuse requests without a key. Without it the server is open, to be bound to loopback only. */
  readonly requireKeys: boolean;
  /** Host names beside the loopback ones under which an open server answers; `*` for any. */
  readonly allowedHosts: readonly string[];
}

const RANK: Record<Scope, number> = { read: 0, write: 1, admin: 2 };

export function requireScope(access: Access, needed: Scope): void {
  if (RANK[access.scope] >= RANK[needed]) return;
  throw new Problem('forbidden', `this needs a key with scope ${needed}, not ${access.scope}`, { field: 'scope' });
}

interface Presented {
  readonly header: string;
  readonly text: string;
}

function presentedKey(req: IncomingMessage): Presented | undefined {
  const authorization = req.headers.authorization;
  if (authorization !== undefined) {
    const [, scheme = '', value = ''] = /^(\S+) +(\S+)$/.exec(authorization) ?? [];
    if (scheme.toLowerCase() === 'bearer') return { header: 'Authorization', text: value };
    if (scheme.toLowerCase() === 'basic') {
      const pair = Buffer.from(value, 'base64').toString('utf8');
      return { header: 'Authorization', text: pair.slice(pair.indexOf(':') + 1) };
    }
    throw new Problem('unauthorized', 'Authorization must be Bearer or Basic', { field: 'Authorization' });
  }
  const direct = req.headers['x-api-key'];
  return typeof direct === 'string' ? { header: 'X-API-Key', text: direct } : undefined;
}

export function createAuthenticator(deps: AuthDeps): Authenticate {
  const check = ({ header, text }: Presented): KeyRecord => {
    const refuse = (detail: string) => new Problem('unauthorized', detail, { field: header });
    const key = parseApiKey(text);
    if (key === undefined) throw refuse('not an API key: its form or its checksum is wrong');
    const record = deps.replica.state.key(key.id);
    // an unknown key costs the same comparison as a wrong secret
    const matches = secretMatches(key.secret, record?.secretHash ?? '0'.repeat(64));
    if (record === undefined || !matches) throw refuse('this API key is not known here');
    if (record.revoked) throw refuse('this API key was revoked');
    if (record.expiresAt !== 0 && record.expiresAt <= deps.clock.now()) throw refuse('this API key has expired');
    return record;
  };

  return (req) => {
    refuseForeignOrigin(req);
    const asked = parseTarget(requestUrl(req))?.workspace;
    const presented = presentedKey(req);
    if (presented === undefined) {
      if (deps.requireKeys) {
        throw new Problem('unauthorized', 'an API key is needed: Authorization: Bearer runlog_…', {
          field: 'Authorization',
        });
      }
      refuseForeignHost(req, deps.allowedHosts);
      return { workspace: asked === undefined ? DEFAULT_WORKSPACE : decodeWorkspace(asked), scope: 'admin' };
    }
    const key = check(presented);
    const workspace = asked === undefined ? key.workspace : decodeWorkspace(asked);
    if (workspace !== key.workspace) {
      throw new Problem('forbidden', `this key belongs to workspace ${key.workspace}, not ${workspace}`, {
        field: 'workspace',
      });
    }
    return { workspace, actor: key.key, scope: key.scope };
  };
}
