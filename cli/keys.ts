/** The commands on API keys. */
import type { ServerClient } from './http-client.js';
import { formatTable } from './table.js';

interface KeyAnswer {
  readonly key: string;
  readonly name: string;
  readonly scope: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revoked: boolean;
}

const day = 86_400_000;
const date = (ms: number | null) => (ms === null || ms === 0 ? 'never' : new Date(ms).toISOString().slice(0, 10));

export async function createKeyCommand(
  client: ServerClient,
  name: string,
  options: { readonly scope: string; readonly days?: string; readonly json?: boolean },
): Promise<string> {
  const answer = await client.post<{ readonly secret: string; readonly key: KeyAnswer }>('/keys', {
    name,
    scope: options.scope,
    ...(options.days === undefined ? {} : { expiresAt: Date.now() + Number(options.days) * day }),
  });
  if (options.json === true) return JSON.stringify(answer, undefined, 2);
  return `${answer.secret}\n\nThis is the only time that the key is shown. Give it as RUNLOG_API_KEY or "Authorization: Bearer …".`;
}

export async function listKeysCommand(client: ServerClient, options: { readonly json?: boolean }): Promise<string> {
  const answer = await client.get<{ readonly keys: readonly KeyAnswer[] }>('/keys');
  if (options.json === true) return JSON.stringify(answer, undefined, 2);
  if (answer.keys.length === 0) return 'no keys yet: create one with "runlog keys create NAME"';
  return formatTable(
    ['key', 'name', 'scope', 'created', 'expires', 'state'],
    answer.keys.map((key) => [
      key.key,
      key.name,
      key.scope,
      date(key.createdAt),
      date(key.expiresAt),
      key.revoked ? 'revoked' : 'valid',
    ]),
  );
}

export async function revokeKeyCommand(client: ServerClient, key: string): Promise<string> {
  await client.post(`/keys/${encodeURIComponent(key)}/revoke`, {});
  return `${key} is revoked`;
}
