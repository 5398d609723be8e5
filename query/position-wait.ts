/** Read your writes: a question that names a position waits until the tables have passed it. */
import type { IncomingMessage } from 'node:http';
import { parsePosition, type Position } from '../events/position.js';
import { limits } from '../runtime/limits.js';
import { Problem } from '../runtime/problem.js';
import type { QueryDeps } from './deps.js';

/** The position comes as `?at=` or in the header Runlog-Position; given both, the question waits for both. */
export async function waitForPosition(
  { board, bounds }: Pick<QueryDeps, 'board' | 'bounds'>,
  req: IncomingMessage,
  query: ReadonlyMap<string, string>,
): Promise<void> {
  const header = req.headers['runlog-position'];
  const wanted = [query.get('at'), typeof header === 'string' ? header : undefined]
    .filter((text) => text !== undefined)
    .map(positionOf);
  for (const position of wanted) {
    if (await board.waitFor(position, bounds?.barrierWaitMs ?? limits.barrierWaitMs)) continue;
    throw new Problem('unavailable', 'the tables have not reached that position yet', { field: 'at', retryAfterS: 1 });
  }
}

function positionOf(text: string): Position {
  const parsed = parsePosition(text);
  if (parsed.ok) return parsed.value;
  throw new Problem(
    'invalid_request',
    'at (or the header Runlog-Position) is not a position that a write answered with',
    {
      field: 'at',
    },
  );
}
