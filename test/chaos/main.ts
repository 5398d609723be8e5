/** `npm run chaos -- --seed S --minutes M [--stack embedded|scaled]`: kills, pauses and cuts under load, then every number compared. */
import { parseArgs } from 'node:util';
import { systemClock } from '../../runtime/clock.js';
import { runChaos, type ChaosPlan } from './chaos.js';

function planOf(args: string[]): ChaosPlan {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string', default: '3' },
      stack: { type: 'string', default: 'embedded' },
    },
  });
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  const minutes = Number(values.minutes);
  const { stack } = values;
  if (!Number.isSafeInteger(seed)) throw new Error('--seed is a whole number');
  if (!(minutes > 0 && minutes <= 24 * 60)) throw new Error('--minutes is a number above 0');
  if (stack !== 'embedded' && stack !== 'scaled') throw new Error('--stack is embedded or scaled');
  return { seed, minutes, stack };
}

let plan: ChaosPlan;
try {
  plan = planOf(process.argv.slice(2));
} catch (cause) {
  console.error(`${String(cause)}\nusage: npm run chaos -- --seed S --minutes M [--stack embedded|scaled]`);
  process.exit(2);
}
const { seed, minutes, stack } = plan;
const what = `seed ${String(seed)}, ${String(minutes)} minutes, ${stack}`;
console.log(what);
const report = await runChaos(plan, systemClock, (line) => console.log(line));
for (const difference of report.differences.slice(0, 50)) console.log(`  ${difference}`);
console.log(
  `${what}: ${String(report.strikes)} strikes, ${String(report.points)} points in ${String(report.batches)} batches of ${String(report.runs)} runs acknowledged, ${String(report.resent)} batches sent again`,
);
console.log(`differences: ${String(report.differences.length)}`);
process.exit(report.differences.length > 0 ? 1 : 0);
