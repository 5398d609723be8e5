/** The file log keeps the promises of the port, read through itself and through its twin in another thread's place. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../runtime/clock.js';
import { describeEventLog, type LogUnderTest } from '../test/contract/event-log.contract.js';
import type { PartitionRef } from './event-log.js';
import { openFileLogReader, type FileLogReader } from './event-log.file-reader.js';
import { openFileLog } from './event-log.file.js';

const segmentBytes = 64 * 1024;

async function opened(dir: string, withTwin: boolean): Promise<LogUnderTest> {
  let twin: FileLogReader | undefined;
  const log = await openFileLog(dir, {
    metricsPartitions: 2,
    clock: systemClock,
    segmentBytes,
    onDurable: (at, head, start) => twin?.advance(at, head, start),
  });
  if (withTwin) {
    twin = await openFileLogReader(dir);
    const all: PartitionRef[] = [
      { topic: 'control', partition: 0 },
      { topic: 'metrics', partition: 0 },
      { topic: 'metrics', partition: 1 },
    ];
    for (const at of all) twin.advance(at, log.head(at), log.start(at));
  }
  const close = async () => {
    await log.close();
    await twin?.close();
  };
  return {
    log,
    reader: twin ?? log,
    reopen: async () => {
      await close();
      return opened(dir, withTwin);
    },
    dispose: async () => {
      await close();
      rmSync(dir, { recursive: true });
    },
  };
}

const fresh = (withTwin: boolean) => () => opened(mkdtempSync(path.join(tmpdir(), 'runlog-log-')), withTwin);

describeEventLog('the file log', fresh(false), { lasts: true });
describeEventLog('the file log read through its twin', fresh(true), { lasts: true });
