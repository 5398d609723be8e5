/** Entry of the projector's thread: projects the partitions that are this process's, for as long as they are. */
import { parentPort, workerData } from 'node:worker_threads';
import { connect } from '../clickhouse/client.js';
import { createTokenFlusher } from '../clickhouse/dedup-log.js';
import type { Assignment } from '../events/membership.js';
import { systemClock as clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { Logger } from '../runtime/logger.js';
import { openLmdbStore } from '../state/lmdb-store.js';
import { createProjectionTables } from './projection-tables.js';
import { createProjector } from './projector.js';
import { nothingToTell, type Projector, type ProjectorHealth } from './port.js';
import { PROJECTOR_GROUP } from './slice-ledger.js';
import { ProjectionStopped } from './slice.js';
import { addTallies, emptyTally, RunningTally } from './tally.js';
import { openWorkerLog } from './worker-log.js';
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

const shared = await openWorkerLog(start, clock, ask);
const { log } = shared;
const logger = threadLogger({});
const store = await openLmdbStore(start.stateDir, log.epoch);
const connected = connect({ ...start.clickhouse, clock });
const tables = createProjectionTables(
  connected,
  start.database,
  start.tokenLogs === undefined ? undefined : createTokenFlusher(start.tokenLogs),
);
let leads = start.leads ?? true;

const closing = new AbortController();
const asksToStop = new Promise<'stop'>((resolve) => {
  closing.signal.addEventListener('abort', () => resolve('stop'), { once: true });
});
host.on('message', (message: ToWorker) => {
  if (message.type === 'advance') shared.advance(message);
  else if (message.type === 'lead') leads = true;
  else if (message.type === 'answer') asked.get(message.id)?.(message.answer);
  else closing.abort();
});

/** From the assignment of partitions until they are revoked. */
interface Tenure {
  readonly projector: Projector;
  readonly starting: Promise<void>;
}
let tenure: Tenure | undefined;
/** Of the tenures that are over. */
const earlier = new RunningTally();
let end: (cause: unknown) => void = () => undefined;
/** A tenure came to an end of its own. */
const ended = new Promise<unknown>((resolve) => (end = resolve));

function begin({ generation, partitions }: Assignment): void {
  logger.info({ generation, partitions }, 'partitions were assigned');
  const projector = createProjector({
    ...{ log, store, tables, clock, logger, group: start.group, assigned: partitions },
    leads: () => leads,
    ...(start.deadLettersMax === undefined ? {} : { deadLettersMax: start.deadLettersMax }),
    publish(position) {
      say({ type: 'position', position });
    },
    appendControl: (event) => shared.appendControl(event),
  });
  const begun: Tenure = { projector, starting: projector.start() };
  tenure = begun;
  void projector.ended.then((cause) => {
    if (tenure === begun) end(cause);
  });
}

/** Lets what is in flight land. */
async function finish(): Promise<void> {
  const over = tenure;
  tenure = undefined;
  if (over === undefined) return;
  await over.projector.stop();
  await over.starting;
  earlier.add(over.projector.health().tally);
}

function health(): ProjectorHealth {
  const now = tenure?.projector.health();
  const fault = shared.fault();
  return {
    ...(fault === undefined ? {} : { away: `the log: ${fault}` }),
    ...(now ?? nothingToTell),
    tally: addTallies(earlier.now(), now?.tally ?? emptyTally),
  };
}

async function reportHealth(): Promise<void> {
  let said = '';
  while (!closing.signal.aborted) {
    const now = health();
    const text = JSON.stringify(now);
    if (text !== said) say({ type: 'health', health: now });
    said = text;
    await clock.sleep(limits.projectorHealthIntervalMs, closing.signal);
  }
}

const membership = await shared.join(start.group ?? PROJECTOR_GROUP, { assigned: begin, revoked: finish });
const reporting = reportHealth();
say({ type: 'started' });
const cause = await Promise.race([asksToStop, ended]);
// what a person has to look at stays as it is, and says so; anything else is worth a new start
const restart = cause !== 'stop' && !(cause instanceof ProjectionStopped);
if (!restart) await asksToStop;
closing.abort();
await membership.leave();
await reporting;
await store.close();
await shared.close();
await connected.close();
if (restart) throw cause instanceof Error ? cause : new Error(`the projector ended: ${String(cause)}`);
host.close();
