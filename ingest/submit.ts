/** decide → append: asks the fold whether a command has a chance, puts it onto the control log, and gives the verdict. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { textFault } from '../events/bounded-text.js';
import type { ControlEvent } from '../events/control-event.js';
import { formatPosition } from '../events/position.js';
import { limits } from '../runtime/limits.js';
import { Problem } from '../runtime/problem.js';
import { decide } from '../state/decide.js';
import type { Verdict } from '../state/types.js';
import type { Access } from './auth.js';
import { foldedToHead, requireHealthy } from './barrier.js';
import type { Edge } from './edge.js';
import { refusalProblem } from './refusals.js';
import { requestUrl } from './target.js';

/** A control event without what every event carries. */
export type Command = ControlEvent extends infer E
  ? E extends ControlEvent
    ? Omit<E, 'v' | 'commandId' | 'workspace' | 'at' | 'actor'>
    : never
  : never;

export interface Accepted {
  readonly verdict: Extract<Verdict, { accepted: true }>;
  readonly position: string;
}

/**
 * The id of a command: the client's `Idempotency-Key` within its workspace, method and path, so that one key on two
 * resources is two commands; without the header a new one for every request.
 */
export function commandIdOf(req: IncomingMessage, access: Access, edge: Pick<Edge, 'clock'>): string {
  const key = req.headers['idempotency-key'];
  if (key === undefined) return edge.clock.uuid();
  const fault =
    typeof key === 'string' ? textFault(key, { bytesMax: limits.idempotencyKeyBytesMax }) : 'must be given once';
  if (fault !== undefined) {
    throw new Problem('invalid_request', `Idempotency-Key ${fault}`, { field: 'Idempotency-Key' });
  }
  const [path = ''] = requestUrl(req).split('?');
  const scope = createHash('sha256')
    .update(`${req.method ?? ''} ${path}`)
    .digest('hex')
    .slice(0, 8);
  return `${access.workspace}:${scope}:${String(key)}`;
}

/** Throws the refusal as a Problem. A hopeless command is refused without being appended. */
export async function submit(edge: Edge, access: Access, commandId: string, command: Command): Promise<Accepted> {
  requireHealthy(edge);
  const event = eventOf(edge, access, commandId, command);
  if (!decide(edge.replica.state, event).accepted) {
    await foldedToHead(edge);
    const verdict = decide(edge.replica.state, event);
    if (!verdict.accepted) throw refusalProblem(verdict);
  }
  const { verdict, position } = await edge.replica.submit(event);
  if (!verdict.accepted) throw refusalProblem(verdict);
  return { verdict, position: formatPosition(position) };
}

const eventOf = (edge: Edge, access: Access, commandId: string, command: Command): ControlEvent => ({
  v: 1,
  commandId,
  workspace: access.workspace,
  at: edge.clock.now(),
  ...(access.actor === undefined ? {} : { actor: access.actor }),
  ...command,
});
