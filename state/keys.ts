/** The fold's rules about API keys: an id is used once, and what was revoked stays revoked. */
import type { EventOf } from '../events/control-event.js';
import { refused, unchanged, type Judged } from './judged.js';
import type { FoldReader } from './reader.js';
import type { KeyRecord } from './types.js';

export const keyHandlers = {
  KeyCreated(state: FoldReader, event: EventOf<'KeyCreated'>): Judged {
    const { key, workspace, name, secretHash, scope, at, expiresAt = 0 } = event;
    if (state.key(key) !== undefined) return refused('key_taken', 'key', `The key id ${key} is taken.`);
    return changedKey({ key, workspace, name, secretHash, scope, createdAt: at, expiresAt, revoked: false });
  },

  KeyRevoked(state: FoldReader, event: EventOf<'KeyRevoked'>): Judged {
    const record = state.key(event.key);
    if (record?.workspace !== event.workspace) {
      return refused('unknown_key', 'id', `There is no key ${event.key} in workspace ${event.workspace}.`);
    }
    return record.revoked ? unchanged(record.key) : changedKey({ ...record, revoked: true });
  },
};

const changedKey = (key: KeyRecord): Judged => ({
  verdict: { accepted: true, changed: true, subject: key.key },
  facts: [{ type: 'KeyChanged', key }],
  changes: [{ type: 'key', key }],
});
