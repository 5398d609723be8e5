/** The commands on dead letters: list them, show one, retry one or all. */
import type { RetryAnswer } from '../ingest/dead-letter-routes.js';
import type { DeadLetterAnswer, DeadLetterRow, DeadLettersAnswer } from '../query/api.js';
import { ServerProblem, type ServerClient } from './http-client.js';
import { formatTable } from './table.js';

const BASE = '/admin/dead-letters';
const PAGE = 1000;
const time = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
const nameOf = ({ topic, partition, offset }: Pick<DeadLetterRow, 'topic' | 'partition' | 'offset'>) =>
  `${topic}/${String(partition)}/${String(offset)}`;
const json = (value: unknown) => JSON.stringify(value, undefined, 2);

export async function listLettersCommand(
  client: ServerClient,
  options: { readonly limit: string; readonly json?: boolean },
): Promise<string> {
  const answer = await client.get<DeadLettersAnswer>(`${BASE}?limit=${options.limit}`);
  if (options.json === true) return json(answer);
  if (answer.letters.length === 0) return 'no dead letters: every record could be projected';
  const table = formatTable(
    ['letter', 'when', 'bytes', 'workspace', 'state', 'reason'],
    answer.letters.map((letter) => [
      nameOf(letter),
      time(letter.at),
      String(letter.size),
      letter.workspace,
      letter.retry === null ? 'waiting' : `retried as ${String(letter.retry.retriedAs)}`,
      letter.reason,
    ]),
  );
  return `${table}\n\n${String(answer.letters.length)} of ${String(answer.total)} dead letters`;
}

export async function showLetterCommand(
  client: ServerClient,
  name: string,
  options: { readonly json?: boolean },
): Promise<string> {
  const answer = await client.get<DeadLetterAnswer>(`${BASE}/${letterPath(name)}`);
  if (options.json === true) return json(answer);
  const { bytes, header, truncated, ...letter } = answer.letter;
  const { retry } = letter;
  return [
    `letter     ${nameOf(letter)}`,
    `when       ${time(letter.at)}`,
    `reason     ${letter.reason}`,
    `workspace  ${letter.workspace === '' ? 'not readable' : letter.workspace}`,
    `state      ${retry === null ? 'waiting' : `retried at ${time(retry.at)}, as offset ${String(retry.retriedAs)}`}`,
    `header     ${header === null ? 'not readable' : JSON.stringify(header)}`,
    `bytes      ${String(letter.size)}${truncated ? ', of which the beginning is kept' : ''}, in base64:`,
    bytes,
  ].join('\n');
}

export async function retryLettersCommand(
  client: ServerClient,
  name: string | undefined,
  options: { readonly all?: boolean; readonly json?: boolean },
): Promise<string> {
  if ((name === undefined) === (options.all !== true)) {
    throw new ServerProblem(
      0,
      'name one letter (topic/partition/offset, as `dead-letters list` shows it), or give --all',
    );
  }
  const names = name === undefined ? await waitingLetters(client) : [name];
  // all are appended before anything is waited for; asked again, each says what became of it
  if (names.length > 1) for (const each of names) await retry(client, each, false);
  const answers: RetryAnswer[] = [];
  for (const each of names) {
    const patient = answers.every(({ outcome }) => outcome !== 'pending');
    answers.push(await retry(client, each, patient));
  }
  if (options.json === true) return json({ retries: answers });
  if (answers.length === 0) return 'no dead letter waits for a retry';
  return answers.map(said).join('\n');
}

const retry = (client: ServerClient, name: string, wait: boolean) =>
  client.post<RetryAnswer>(`${BASE}/${letterPath(name)}/retry?wait=${String(wait)}`, {});

async function waitingLetters(client: ServerClient): Promise<string[]> {
  const names: string[] = [];
  for (let cursor = ''; ;) {
    const page = await client.get<DeadLettersAnswer>(`${BASE}?limit=${String(PAGE)}${cursor}`);
    names.push(...page.letters.filter((letter) => letter.retry === null).map(nameOf));
    if (page.next === null) return names;
    cursor = `&cursor=${encodeURIComponent(page.next)}`;
  }
}

function said({ letter, retriedAs, outcome, reason }: RetryAnswer): string {
  const what = `${nameOf(letter)} was appended anew as ${nameOf(retriedAs)}`;
  if (outcome === 'projected') return `${what}: it is in the tables`;
  if (outcome === 'pending') return `${what}: it is not projected yet (see "runlog doctor" if that lasts)`;
  return `${what}: it could not be projected again and is a new dead letter (${reason ?? ''})`;
}

/** A name as a path; what is no name is refused by the server. */
const letterPath = (name: string) => name.split('/').map(encodeURIComponent).join('/');
