/** The routes that create, list and revoke API keys; the key itself is shown once, in the answer that creates it. */
import { z } from 'zod';
import { Problem } from '../runtime/problem.js';
import type { KeyRecord } from '../state/types.js';
import { createKeyRequest } from './api.js';
import { formatApiKey, hashSecret, makeApiKey } from './api-key.js';
import { noBody, perform } from './run-routes.js';
import { route, type Answer, type Ask, type Route } from './route.js';
import type { Accepted } from './submit.js';

function decodeKeyId(raw: string): string {
  if (/^[0-9a-z]{8,32}$/.test(raw)) return raw;
  throw new Problem('invalid_request', 'id must be the id of a key: 8 to 32 of 0-9 and a-z', { field: 'id' });
}

/** A key as others may see it: without its hash. */
export interface KeyAnswer {
  readonly key: string;
  readonly name: string;
  readonly scope: 'read' | 'write' | 'admin';
  readonly createdAt: number;
  /** null: never. */
  readonly expiresAt: number | null;
  readonly revoked: boolean;
}

const keyAnswer = ({ key, name, scope, createdAt, expiresAt, revoked }: KeyRecord): KeyAnswer => ({
  key,
  name,
  scope,
  createdAt,
  expiresAt: expiresAt === 0 ? null : expiresAt,
  revoked,
});

export const keyRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: 'keys',
    scope: 'admin',
    answers: 'keys',
    status: 200,
    summary: 'The keys of the workspace, without their secrets',
    schema: z.unknown(),
    handle: ({ edge, access }) => {
      const keys = edge.replica.state.keys(access.workspace).map(keyAnswer);
      return Promise.resolve({ status: 200, body: { keys } });
    },
  }),
  route({
    method: 'POST',
    path: 'keys',
    scope: 'admin',
    answers: 'createdKey',
    status: 201,
    summary: 'Creates a key; `secret` is the whole key and is shown this once',
    schema: createKeyRequest,
    async handle(ask) {
      const made = makeApiKey(ask.edge.clock);
      const { name, scope, expiresAt } = ask.body;
      const secretHash = hashSecret(made.secret);
      const command = { type: 'KeyCreated', key: made.id, name, secretHash, scope, expiresAt } as const;
      const accepted = await perform(ask, command);
      if (accepted.verdict.subject !== made.id) {
        const detail = `this Idempotency-Key made key ${accepted.verdict.subject} before; its secret was shown then`;
        throw new Problem('conflict', detail, { field: 'Idempotency-Key' });
      }
      return answer(ask, accepted, 201, { secret: formatApiKey(made) });
    },
  }),
  route({
    method: 'POST',
    path: 'keys/:id/revoke',
    scope: 'admin',
    answers: 'key',
    status: 200,
    decodeId: decodeKeyId,
    summary: 'Revokes a key for ever',
    schema: noBody,
    handle: async (ask) => answer(ask, await perform(ask, { type: 'KeyRevoked', key: ask.id })),
  }),
];

function answer({ edge }: Ask<unknown>, { verdict, position }: Accepted, status = 200, extra: object = {}): Answer {
  const record = edge.replica.state.key(verdict.subject);
  if (record === undefined) throw new Error(`an accepted command is about no key: ${verdict.subject}`);
  return { status, body: { key: keyAnswer(record), ...extra, position } };
}
