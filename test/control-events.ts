/** Control events for tests: short to write, valid in every field, with ids that follow from names. */
import { createHash } from 'node:crypto';
import type { ControlEvent, ControlEventType, EventOf } from '../events/control-event.js';

/** A UUID that follows from a name. */
export function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

type Envelope = 'v' | 'type' | 'commandId' | 'workspace' | 'at';
type Fields<T extends ControlEventType> = Omit<EventOf<T>, Envelope> & Partial<Pick<EventOf<T>, 'workspace' | 'at'>>;

let commands = 0;

/** An event with a command id of its own unless one is given. */
export function event<T extends ControlEventType>(
  type: T,
  fields: Fields<T> & { readonly commandId?: string },
): ControlEvent {
  const commandId = `command-${String(++commands)}`;
  return { v: 1, type, commandId, workspace: 'default', at: 1_000, ...fields } as unknown as ControlEvent;
}

/** RunStarted in the experiment `exp`; the internal ids follow from the names. */
export function runStarted(run: string, fields: Partial<EventOf<'RunStarted'>> = {}): ControlEvent {
  const { workspace = 'default', experiment = 'exp' } = fields;
  const ids = { uuid: uuidOf(`${workspace}/${run}`), experimentId: uuidOf(`${workspace}/experiment/${experiment}`) };
  return event('RunStarted', { run, experiment, ...ids, ...fields });
}

export const experimentId = (name: string, workspace = 'default'): string => uuidOf(`${workspace}/experiment/${name}`);

export const experimentCreated = (name: string, workspace = 'default'): ControlEvent =>
  event('ExperimentCreated', { workspace, name, experiment: experimentId(name, workspace) });

export const keyCreated = (key: string, workspace = 'default'): ControlEvent =>
  event('KeyCreated', { workspace, key, name: 'laptop', secretHash: 'a'.repeat(64), scope: 'write' });
