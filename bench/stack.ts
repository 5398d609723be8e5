/** `npm run stack`: the topology of docker-compose.yml without Docker, in a folder that is removed at the end; for trying things out. */
import { stopSignal } from '../cli/demo.js';
import { kafkaMissing } from '../test/services/kafka.js';
import { ScaledStack } from '../test/services/scaled-stack.js';

const missing = kafkaMissing();
if (missing !== undefined) {
  console.error(`runlog stack: ${missing}`);
  process.exit(1);
}
console.log('starting a broker, ClickHouse, two instances of the API and two projectors …');
const stack = await ScaledStack.start(process.argv.slice(2));
const urls = (instances: ScaledStack['apis']) => instances.map((instance) => instance.process.url).join('  ');
console.log(`Runlog is ready
  page        ${stack.url}  (a request to each instance in turn)
  api         ${urls(stack.apis)}
  projectors  ${urls(stack.projectors)}  (/readyz, /metrics)
  broker      ${stack.broker.address}
  clickhouse  ${stack.clickhouse.address}
  stop        Ctrl+C; everything logged here is removed then`);
await stopSignal();
console.log('stopping …');
await stack.stop();
process.exit(0);
