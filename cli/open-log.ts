/** The event log that a server works with: files in its data folder, or topics on brokers. */
import { openFileLog } from '../events/event-log.file.js';
import type { EventLog } from '../events/event-log.js';
import { openKafkaLog } from '../events/event-log.kafka.js';
import { measuredLog, type AppendSeen } from '../events/measured-log.js';
import type { WorkerLog } from '../projector/worker-messages.js';
import type { Clock } from '../runtime/clock.js';
import { limits } from '../runtime/limits.js';
import type { Logger } from '../runtime/logger.js';
import { ok, type Result } from '../runtime/result.js';
import type { ServerConfig } from './config.js';
import type { CutSeen } from './server-checks.js';

export interface OpenLog {
  readonly log: EventLog;
  /** Where the projector's thread finds it. */
  readonly logAt: WorkerLog;
  /** What was taken off its end when it was opened. */
  readonly cuts: readonly CutSeen[];
  /** What keeps it from working, in a sentence. */
  fault(): string | undefined;
}

export interface OpenLogOptions {
  readonly config: Pick<ServerConfig, 'kafka' | 'kafkaPrefix'>;
  /** Folder of the files. */
  readonly dir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onAppend: (seen: AppendSeen) => void;
}

export async function openLog({
  config,
  dir,
  clock,
  logger,
  onAppend,
}: OpenLogOptions): Promise<Result<OpenLog, string>> {
  const { kafka: brokers, kafkaPrefix: prefix } = config;
  if (brokers !== undefined) {
    const opened = await whenReachable(() => openKafkaLog({ brokers, prefix, clock }), clock, logger);
    if (!opened.ok) return opened;
    const kafka = opened.value;
    for (const warning of kafka.warnings) logger.warn({ brokers }, warning);
    return ok({
      log: measuredLog(kafka, clock, onAppend),
      logAt: { kind: 'kafka', brokers, prefix },
      cuts: [],
      fault: () => kafka.fault(),
    });
  }
  const cuts: CutSeen[] = [];
  const files = await openFileLog(dir, {
    ...{ metricsPartitions: 1, clock },
    onCut(at, cut) {
      cuts.push({ at, ...cut });
      logger.warn({ ...at, ...cut }, 'the end of the log was torn or damaged, and was cut');
    },
  });
  return ok({
    log: measuredLog(files, clock, onAppend),
    logAt: { kind: 'files', dir },
    cuts,
    fault: () => undefined,
  });
}

/** Brokers are often started together with what needs them. What they say once they answer is final. */
async function whenReachable<T>(
  open: () => Promise<Result<T, string>>,
  clock: Clock,
  logger: Logger,
): Promise<Result<T, string>> {
  const deadline = clock.monotonic() + limits.kafkaAwaitedMsMax;
  for (let told = false; ; told = true) {
    const opened = await open();
    if (opened.ok || !/^Kafka at .* can not be used/.test(opened.error) || clock.monotonic() > deadline) return opened;
    if (!told) logger.warn({ detail: opened.error }, 'waiting for the brokers');
    await clock.sleep(limits.foldRetryMs);
  }
}
