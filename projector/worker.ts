/** Entry of the projector's thread: reads the log's files itself, asks the hosting thread for what only the log's writer may do. */
import { parentPort, workerData } from 'node:worker_threads';
import { connect } from '../clickhouse/client.js';
import { createTokenFlusher } from '../clickhouse/dedup-log.js';
import type { EventLog } from '../events/event-log.js';
import { openFileLogReader } from '../events/event-log.file-reader.js';
import { systemClock as clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { Logger } from '../runtime/logger.js';
import { openLmdbStore } from '../state/lmdb-store.js';
import { createProjectionTables } from './projection-tables.js';
import { createProjector } from './projector.js';
import { ProjectionStopped } from './slice.js';
import type { Answer, FromWorker, LogLine, Request, ToWorker, WorkerStart } from './worker-messages.js';

if (parentPort === null) throw new Error('projector/worker is the entry of a thread');
const host = parentPort;
const start = workerData as WorkerStart;
const say = (message: FromWorker) => host.postMessage(message);

const asked = new Map<number, (answer: Answer) => void>();
let questions = 0;

function ask(request: Request): Promise<Extract<Answer, { ok: true }>> {
  return new Promise((resolve, reject) => {
    const id = questions++;
    asked.set(id, (answer) => {
      asked.delete(id);
      if (answer.ok) resolve(answer);
      else reject(new Error(answer.error));
    });
    say({ type: 'request', id, request });
  });
}

const threadLogger = (inherited: object): Logger => {
  const line = (level: LogLine['level']) => (fields: object, message: string) =>
    say({ type: 'log', level, fields: { ...inherited, ...fields }, message });
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => threadLogger({ ...inherited, ...fields }),
  };
};

const reader = await openFileLogReader(start.logDir);
for (const { at, head, start: first } of start.extents) reader.advance(at, head, first);
const commits: Pick<EventLog, 'commit' | 'committed'> = {
  async commit(group, at, offset, metadata) {
    await ask({ ask: 'commit', group, at, offset, metadata });
  },
  async committed(group, at) {
    return (await ask({ ask: 'committed', group, at })).committed;
  },
};
const store = await openLmdbStore(start.stateDir, reader.epoch);
const tables = connect({ ...start.clickhouse, clock });
let leads = start.leads ?? true;
const projector = createProjector({
  log: { ...reader, ...commits },
  store,
  tables: createProjectionTables(
    tables,
    start.database,
    start.tokenLogs === undefined ? undefined : createTokenFlusher(start.tokenLogs),
  ),
  clock,
  group: start.group,
  leads: () => leads,
  ...(start.deadLettersMax === undefined ? {} : { deadLettersMax: start.deadLettersMax }),
  logger: threadLogger({}),
  publish(position) {
    say({ type: 'position', position });
  },
  async appendControl(event) {
    await ask({ ask: 'append', event });
  },
});

const closing = new AbortController();
host.on('message', (message: ToWorker) => {
  if (message.type === 'advance') reader.advance(message.at, message.head, message.start);
  else if (message.type === 'lead') leads = true;
  else if (message.type === 'answer') asked.get(message.id)?.(message.answer);
  else closing.abort();
});

async function reportHealth(): Promise<void> {
  let said = '';
  while (!closing.signal.aborted) {
    const health = projector.health();
    const text = JSON.stringify(health);
    if (text !== said) say({ type: 'health', health });
    said = text;
    await clock.sleep(limits.projectorHealthIntervalMs, closing.signal);
  }
}

const reporting = reportHealth();
const starting = projector.start();
say({ type: 'started' });
const asksToStop = new Promise<'stop'>((resolve) => {
  closing.signal.addEventListener('abort', () => resolve('stop'), { once: true });
});
const cause = await Promise.race([asksToStop, projector.ended]);
// what a person has to look at stays as it is, and says so; anything else is worth a new start
const restart = cause !== 'stop' && !(cause instanceof ProjectionStopped);
if (!restart) await asksToStop;
closing.abort();
await projector.stop();
await Promise.all([starting, reporting]);
await store.close();
await reader.close();
await tables.close();
if (restart) throw cause instanceof Error ? cause : new Error(`the projector ended: ${String(cause)}`);
host.close();
