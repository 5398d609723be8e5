/** The log as the projector's thread has it: files that it reads itself while the hosting thread writes, or a broker of its own accord. */
import { encodeControlEvent, type ControlEvent } from '../events/control-event.js';
import { CONTROL, type EventLog } from '../events/event-log.js';
import { openFileLogReader } from '../events/event-log.file-reader.js';
import { openKafkaLog } from '../events/event-log.kafka.js';
import { joinKafkaGroup } from '../events/kafka-membership.js';
import { joinAlone, type Membership, type MembershipListener } from '../events/membership.js';
import type { Clock } from '../runtime/clock.js';
import type { ProjectorLog } from './slice-ledger.js';
import type { Answer, Extent, Request, WorkerStart } from './worker-messages.js';

export interface WorkerLog {
  /** Commits go by the membership. */
  readonly log: ProjectorLog;
  readonly appendControl: (event: ControlEvent) => Promise<void>;
  join(group: string, listener: MembershipListener): Promise<Membership>;
  /** The hosting thread tells how far the files are. */
  advance(extent: Extent): void;
  /** What keeps it from seeing what is appended. */
  fault(): string | undefined;
  close(): Promise<void>;
}

/** `ask` has the hosting thread do what only the writer of files may. */
export async function openWorkerLog(
  { logAt, extents }: WorkerStart,
  clock: Clock,
  ask: (request: Request) => Promise<Extract<Answer, { ok: true }>>,
): Promise<WorkerLog> {
  if (logAt.kind === 'files') {
    const reader = await openFileLogReader(logAt.dir);
    const advance = ({ at, head, start }: Extent) => reader.advance(at, head, start);
    extents.forEach(advance);
    const commits: Pick<EventLog, 'commit' | 'committed'> = {
      commit: async (group, at, offset, metadata) => void (await ask({ ask: 'commit', group, at, offset, metadata })),
      committed: async (group, at) => (await ask({ ask: 'committed', group, at })).committed,
    };
    const log = { ...reader, ...commits };
    return {
      log,
      advance,
      appendControl: async (event) => void (await ask({ ask: 'append', event })),
      join: (group, listener) => joinAlone(log, group, listener),
      fault: () => undefined,
      close: () => reader.close(),
    };
  }
  const opened = await openKafkaLog({ brokers: logAt.brokers, prefix: logAt.prefix, clock });
  if (!opened.ok) throw new Error(opened.error);
  const kafka = opened.value;
  let membership: Membership | undefined;
  const log: ProjectorLog = {
    ...kafka,
    commit: (group, at, offset, metadata) =>
      membership?.commit(at, offset, metadata) ?? kafka.commit(group, at, offset, metadata),
  };
  return {
    log,
    advance: () => undefined,
    appendControl: async (event) => void (await kafka.append(CONTROL, [encodeControlEvent(event)])),
    async join(group, listener) {
      membership = await joinKafkaGroup()(kafka, group, listener);
      return membership;
    },
    fault: () => kafka.fault() ?? membership?.fault(),
    close: () => kafka.close(),
  };
}
