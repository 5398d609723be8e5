/** The log on Kafka keeps the promises of the port, on a real broker, read by itself and by a second log as another process has it. */
import { describeEventLog, type LogUnderTest } from '../test/contract/event-log.contract.js';
import { describeWithKafka, freshPrefix, sharedKafka } from '../test/kafka.js';
import { systemClock as clock } from '../runtime/clock.js';
import { openKafkaLog, type KafkaLog } from './event-log.kafka.js';

async function open(prefix: string): Promise<KafkaLog> {
  const broker = await sharedKafka();
  const opened = await openKafkaLog({ brokers: [broker.address], prefix, metricsPartitions: 2, clock });
  if (!opened.ok) throw new Error(opened.error);
  return opened.value;
}

async function underTest(prefix: string): Promise<LogUnderTest> {
  const log = await open(prefix);
  return {
    log,
    reader: log,
    async reopen() {
      await log.close();
      return underTest(prefix);
    },
    dispose: () => log.close(),
  };
}

describeWithKafka('on a broker', () => {
  describeEventLog('the log on Kafka', () => underTest(freshPrefix()), { lasts: true });
});
