/** The memory log keeps the promises of the port. */
import { describeEventLog } from '../test/contract/event-log.contract.js';
import { createMemoryLog } from './event-log.memory.js';

const make = () => {
  const log = createMemoryLog({ epoch: 'e1', metricsPartitions: 2 });
  return Promise.resolve({ log, reader: log, dispose: () => log.close() });
};

describeEventLog('the memory log', make, { lasts: false });
