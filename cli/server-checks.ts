/** What `doctor` asks of a running server: its log, state, tables, projector, dead letters and clock, each with what to do when it is wrong. */
import { checkTables, type DoctorFinding, type DoctorSubject } from '../clickhouse/doctor.js';
import { CONTROL, partitionsOf, type EventLog, type PartitionRef } from '../events/event-log.js';
import type { Cut } from '../events/file-log-recovery.js';
import type { ProjectorHealth } from '../projector/port.js';
import { limits } from '../runtime/limits.js';
import type { Replica } from '../state/replica.js';
import { found } from './machine-checks.js';

export interface CutSeen extends Cut {
  readonly at: PartitionRef;
}

export interface ServerSubject extends DoctorSubject {
  readonly log: EventLog;
  /** What was taken off the end of the log when it was opened. */
  readonly cuts: readonly CutSeen[];
  readonly replica: Replica;
  readonly projector: () => ProjectorHealth;
  readonly deadLettersMax: number;
}

const miB = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;

export async function serverFindings(subject: ServerSubject): Promise<DoctorFinding[]> {
  const tables = await checkTables(subject);
  return [
    ...logFindings(subject),
    stateFinding(subject),
    ...tables.map((finding) => ({ ...finding, check: `tables.${finding.check}` })),
    projectorFinding(subject),
    lettersFinding(subject),
    await clockFinding(subject),
  ];
}

function logFindings({ log, cuts }: ServerSubject): DoctorFinding[] {
  const parts = partitionsOf(log).map((at) => {
    const start = log.start(at);
    return `${at.topic}/${String(at.partition)} offsets ${String(start)} to ${String(log.head(at) - 1)}, ${miB(log.bytesFrom(at, start))}`;
  });
  // a torn end is what a crash leaves; whole batches behind a broken one are what a broken disk leaves
  const damaged = cuts.some(({ keptIn }) => keptIn !== undefined);
  const advice = 'acknowledged records may be lost: check the disk, and keep the file that was set aside';
  const said = cuts.map(
    ({ at, file, bytes, keptIn }) =>
      `${at.topic}/${String(at.partition)}: ${String(bytes)} bytes were cut off ${file} at the last open${keptIn === undefined ? ' (the torn end of a write that was not acknowledged)' : `, kept in ${keptIn}`}`,
  );
  return [
    found('log', false, `epoch ${log.epoch}; ${parts.join('; ')}`, advice),
    found('log.cut', damaged, said.length === 0 ? 'nothing was cut at the last open' : said.join('; '), advice),
  ];
}

function stateFinding({ replica, log }: ServerSubject): DoctorFinding {
  const health = replica.healthy();
  const counted = `folded through control offset ${String(replica.folded())} of ${String(log.head(CONTROL) - 1)}`;
  const passed = replica.malformed();
  const detail = passed === 0 ? counted : `${counted}, ${String(passed)} records that are no events passed over`;
  return found('state', !health.ok, health.ok ? detail : health.error, 'start the version that wrote the event');
}

function projectorFinding({ projector, clock }: ServerSubject): DoctorFinding {
  const { lag, oldestWaiting, stoppedBecause, away } = projector();
  const records = [lag.control, ...lag.metrics].reduce((sum, behind) => sum + Math.max(0, behind), 0);
  const ages = [oldestWaiting.control, ...oldestWaiting.metrics].filter((at) => at !== null);
  const seconds = ages.length === 0 ? 0 : Math.max(0, clock.now() - Math.min(...ages)) / 1000;
  const behind =
    records === 0 ? 'level with the log' : `${String(records)} records behind, the oldest ${seconds.toFixed(1)} s`;
  if (stoppedBecause !== undefined) {
    return found(
      'projector',
      true,
      `stopped (${behind}): ${stoppedBecause}`,
      'do what the sentence says, then start the server again',
    );
  }
  if (away !== undefined)
    return found(
      'projector',
      true,
      `${behind}; waits: ${away}`,
      'see that ClickHouse and, where there are any, the brokers run',
    );
  const late = seconds > limits.projectorLagAdvisedS;
  return found('projector', late, behind, 'give it time, fewer points, or more cores and a faster disk');
}

function lettersFinding({ projector, deadLettersMax }: ServerSubject): DoctorFinding {
  const { deadLetters } = projector();
  const detail = `${String(deadLetters)} of ${String(deadLettersMax)} that are borne before the projector stops`;
  const advice = 'see "runlog dead-letters list"; retry those whose cause is gone or raise --dead-letters-max';
  return found('letters', deadLetters * 2 > deadLettersMax, deadLetters === 0 ? 'none' : detail, advice);
}

async function clockFinding({ writer, clock }: ServerSubject): Promise<DoctorFinding> {
  try {
    const [row] = await writer.query('SELECT toUnixTimestamp64Milli(now64(3)) AS now');
    return clockDifference('clock', clock.now() - Number(row?.['now']), 'the tables');
  } catch (cause) {
    return found('clock', true, String(cause), 'see that ClickHouse runs');
  }
}

export function clockDifference(check: string, ms: number, whose: string): DoctorFinding {
  const apart = `${(Math.abs(ms) / 1000).toFixed(1)} s apart from the clock of ${whose}`;
  return found(check, Math.abs(ms) > limits.clockDifferenceMsAdvised, apart, 'let NTP set both clocks');
}
