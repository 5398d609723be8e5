/** `npm run bench -- NAME`: every performance claim of the README as a command. */
import { benchAgainstMlflow } from './against-mlflow.js';
import { benchIngest } from './ingest.js';
import { benchLatency } from './latency.js';
import { benchLog } from './log.js';
import { benchProjector } from './projector.js';
import { benchQuery } from './query.js';
import { benchStart } from './start.js';

const benches: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  start: benchStart,
  ingest: benchIngest,
  query: benchQuery,
  latency: benchLatency,
  log: benchLog,
  projector: benchProjector,
  'against-mlflow': benchAgainstMlflow,
};

const [name = '', ...args] = process.argv.slice(2);
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
if (bench === undefined) {
  console.error(`usage: npm run bench -- ${Object.keys(benches).join('|')}`);
  process.exit(2);
}
await bench(args);
