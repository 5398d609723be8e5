/** The memory log keeps the promises of the port. */
import { describeEventLog } from '../test/contract/event-log.contract.js';
import { createMemoryLog } from './event-log.memory.js';

describeEventLog('the memory log', () => {
  const log = createMemoryLog({ epoch: 'e1', metricsPartitions: 2 });
  return Promise.resolve({ log, reader: log, dispose: () => log.close() });
});
