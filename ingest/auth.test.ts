/** Who is let in: keys in three headers, their workspace, scope and end, and the open mode without keys. */
import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { KeyRecord } from '../state/types.js';
import { createManualClock } from '../test/manual-clock.js';
import { formatApiKey, hashSecret, makeApiKey, parseApiKey } from './api-key.js';
import { createAuthenticator, requireScope } from './auth.js';

const clock = createManualClock();
const made = makeApiKey(clock);
const key = formatApiKey(made);
const record: KeyRecord = {
  key: made.id,
  workspace: 'team',
  name: 'laptop',
  secretHash: hashSecret(made.secret),
  scope: 'write',
  createdAt: clock.now(),
  expiresAt: 0,
  revoked: false,
};

function authenticator(options: { requireKeys?: boolean; record?: Partial<KeyRecord> } = {}) {
  const known = { ...record, ...options.record };
  return createAuthenticator({
    replica: { state: { key: (id) => (id === known.key ? known : undefined) } },
    clock,
    requireKeys: options.requireKeys ?? true,
    allowedHosts: [],
  });
}

const ask = (headers: Record<string, string>, url = '/api/v1/runs', method = 'POST') =>
  ({ method, url, headers: { host: 'localhost', ...headers } }) as unknown as IncomingMessage;
const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
const problem = (code: string, field: string) => expect.objectContaining({ code, extras: { field } }) as Error;

describe('an API key', () => {
  it('comes back from its text, with 256 bits of secret', () => {
    expect(key).toMatch(/^runlog_[0-9a-z]{16}_[0-9A-Za-z]{43}_[0-9a-f]{8}$/);
    expect(parseApiKey(key)).toEqual(made);
  });

  it('with a typo is no key', () => {
    for (let i = 0; i < key.length; i++) {
      const typo = key.slice(0, i) + (key[i] === 'a' ? 'b' : 'a') + key.slice(i + 1);
      expect(parseApiKey(typo)).toBeUndefined();
    }
  });

  it.each([
    ['Bearer', { authorization: `Bearer ${key}` }],
    ['bearer', { authorization: `bearer ${key}` }],
    ['the password of Basic', { authorization: basic(`anybody:${key}`) }],
    ['X-API-Key', { 'x-api-key': key }],
  ])('is taken as %s', (_way, headers) => {
    expect(authenticator()(ask(headers))).toEqual({ workspace: 'team', actor: made.id, scope: 'write' });
  });

  it('holds for its own workspace, with and without /w/ in the path', () => {
    const authenticate = authenticator();
    const headers = { 'x-api-key': key };
    expect(authenticate(ask(headers, '/w/team/api/v1/runs')).workspace).toBe('team');
    expect(() => authenticate(ask(headers, '/w/other/api/v1/runs'))).toThrow(problem('forbidden', 'workspace'));
    expect(() => authenticate(ask(headers, '/w/default/api/v1/runs'))).toThrow(problem('forbidden', 'workspace'));
  });

  it('that is revoked, expired, unknown or has another secret is refused', () => {
    const refused = problem('unauthorized', 'X-API-Key');
    const headers = { 'x-api-key': key };
    expect(() => authenticator({ record: { revoked: true } })(ask(headers))).toThrow(refused);
    expect(() => authenticator({ record: { expiresAt: clock.now() } })(ask(headers))).toThrow(refused);
    expect(() => authenticator({ record: { key: 'another0' } })(ask(headers))).toThrow(refused);
    expect(() => authenticator({ record: { secretHash: hashSecret('x') } })(ask(headers))).toThrow(refused);
    expect(authenticator({ record: { expiresAt: clock.now() + 1 } })(ask(headers)).actor).toBe(made.id);
  });

  it.each(['Bearer', 'Bearer x', 'Digest abc', basic('no key'), `Bearer ${key} more`])(
    'can not be %s',
    (authorization) => {
      expect(() => authenticator({ requireKeys: false })(ask({ authorization }))).toThrow(
        problem('unauthorized', 'Authorization'),
      );
    },
  );
});

describe('without a key', () => {
  it('a server that wants keys refuses', () => {
    expect(() => authenticator()(ask({}))).toThrow(problem('unauthorized', 'Authorization'));
  });

  it('an open server takes the workspace from the path, and default where there is none', () => {
    const authenticate = authenticator({ requireKeys: false });
    expect(authenticate(ask({}))).toEqual({ workspace: 'default', scope: 'admin' });
    expect(authenticate(ask({}, '/w/nlp/api/v1/search?x=1')).workspace).toBe('nlp');
    expect(() => authenticate(ask({}, '/w/a%2fb/api/v1/runs'))).toThrow(problem('invalid_request', 'workspace'));
  });

  it('an open server refuses foreign hosts also for reads, unless a key is shown', () => {
    const authenticate = authenticator({ requireKeys: false });
    const host = 'evil.com';
    expect(() => authenticate(ask({ host }, '/api/v1/runs/x', 'GET'))).toThrow(problem('forbidden', 'Host'));
    expect(authenticate(ask({ host, 'x-api-key': key })).actor).toBe(made.id);
  });

  it('a page of another origin can not write, whatever it shows', () => {
    const origin = 'http://evil.com';
    const refused = problem('forbidden', 'Origin');
    expect(() => authenticator({ requireKeys: false })(ask({ origin }))).toThrow(refused);
    expect(() => authenticator()(ask({ origin, authorization: basic(`me:${key}`) }))).toThrow(refused);
  });
});

describe('a scope', () => {
  it('includes the ones below it', () => {
    const access = (scope: KeyRecord['scope']) => ({ workspace: 'w', scope });
    requireScope(access('admin'), 'write');
    requireScope(access('write'), 'read');
    expect(() => {
      requireScope(access('read'), 'write');
    }).toThrow(problem('forbidden', 'scope'));
    expect(() => {
      requireScope(access('write'), 'admin');
    }).toThrow(problem('forbidden', 'scope'));
  });
});
