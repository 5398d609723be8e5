/** The route that retries a dead letter: its record is appended anew, once, and the answer says what became of it. */
import { emptyPosition, formatPosition } from '../events/position.js';
import { Problem } from '../runtime/problem.js';
import { letterName, type LetterPlace } from '../state/dead-letters.js';
import type { RetryRecord } from '../state/types.js';
import { foldedToHead } from './barrier.js';
import type { Edge } from './edge.js';
import { route, type Answer, type Ask, type Route } from './route.js';
import { noBody, perform } from './run-routes.js';

/** The letter at a place, when there is one that this workspace may see. Throws Problem `unavailable` when nobody can say. */
export type DeadLetters = (workspace: string, at: LetterPlace) => Promise<{ readonly reason: string } | undefined>;

export interface RetryAnswer {
  readonly letter: LetterPlace;
  readonly retriedAs: LetterPlace;
  readonly at: number;
  /** `dead_letter`: it could not be projected again, and is a new letter at `retriedAs`. `pending`: it is not there yet. */
  readonly outcome: 'projected' | 'dead_letter' | 'pending';
  readonly reason?: string;
  readonly position: string;
}

/** A name of a place, checked; its parts are joined again by `placeOf`. */
function decodePlace(raw: string): string {
  if (/^(control\/0|metrics\/\d{1,9})\/\d{1,15}$/.test(raw)) return raw;
  throw new Problem('not_found', 'a dead letter is named by topic, partition and offset', { field: 'offset' });
}

function placeOf(name: string): LetterPlace {
  const [topic, partition, offset] = name.split('/');
  return { topic: topic === 'control' ? 'control' : 'metrics', partition: Number(partition), offset: Number(offset) };
}

export const deadLetterRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: 'admin/dead-letters/:topic/:partition/:offset/retry',
    scope: 'admin',
    answers: 'retry',
    status: 200,
    decodeId: decodePlace,
    summary: 'Appends the record of a dead letter anew, once; `?wait=false` does not wait for what becomes of it',
    schema: noBody,
    async handle(ask) {
      const wait = waits(ask.query);
      const place = placeOf(ask.id);
      await foldedToHead(ask.edge);
      const retry = ask.edge.replica.state.retry(letterName(place)) ?? (await retryOnce(ask, place));
      return { status: 200, body: await answerOf(ask, retry, wait) } satisfies Answer;
    },
  }),
];

function waits(query: URLSearchParams): boolean {
  const value = query.get('wait') ?? 'true';
  if (value === 'true' || value === 'false') return value === 'true';
  throw new Problem('invalid_request', 'wait must be true or false', { field: 'wait' });
}

/**
 * Two at once may both append; the fold takes one for the retry. The other changes nothing: a chunk is counted by (run, writer, seq),
 * a command by its id.
 */
async function retryOnce(ask: Ask<unknown>, place: LetterPlace): Promise<RetryRecord> {
  const { edge, access } = ask;
  const name = letterName(place);
  const letter = await edge.deadLetters?.(access.workspace, place);
  if (letter === undefined) throw new Problem('not_found', `there is no dead letter ${name}`, { field: 'offset' });
  const value = await readRecord(edge, place);
  const retriedAs = await edge.log.append(place, [value]);
  await perform(ask, { type: 'DeadLetterRetried', ...place, retriedAs });
  const retry = edge.replica.state.retry(name);
  if (retry === undefined) throw new Error(`an accepted retry left nothing: ${name}`);
  return retry;
}

async function readRecord({ log }: Edge, place: LetterPlace): Promise<Uint8Array> {
  const name = letterName(place);
  if (place.partition >= log.partitions(place.topic) || place.offset >= log.head(place)) {
    throw new Problem('not_found', `the log has no record ${name}`, { field: 'offset' });
  }
  if (place.offset < log.start(place)) {
    throw new Problem('gone', `the log no longer keeps the record ${name}`, { field: 'offset' });
  }
  const [record] = await log.read(place, place.offset, 1);
  if (record?.offset !== place.offset) throw new Error(`the log has no record ${name} below its head`);
  return record.value;
}

async function answerOf({ edge, access }: Ask<unknown>, retry: RetryRecord, wait: boolean): Promise<RetryAnswer> {
  const { topic, partition, offset, retriedAs: newOffset, at } = retry;
  const retriedAs: LetterPlace = { topic, partition, offset: newOffset };
  const metrics = Array.from({ length: partition + 1 }, (_, i) => (i === partition ? newOffset : -1));
  const from = emptyPosition(edge.log.epoch);
  const position = topic === 'control' ? { ...from, control: newOffset } : { ...from, metrics };
  const known = { letter: { topic, partition, offset }, retriedAs, at, position: formatPosition(position) };
  const reached = await edge.board.waitFor(position, wait ? edge.bounds.barrierWaitMs : 0);
  if (!reached) return { ...known, outcome: 'pending' };
  const again = await edge.deadLetters?.(access.workspace, retriedAs);
  return again === undefined
    ? { ...known, outcome: 'projected' }
    : { ...known, outcome: 'dead_letter', reason: again.reason };
}
