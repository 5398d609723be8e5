/** Entry of the load generator's process: a plan comes in, a report goes out. */
import { runLoad, type LoadPlan } from './load.js';

process.once('message', (plan: LoadPlan) => {
  runLoad(plan).then(
    (report) => process.send?.(report, () => process.exit(0)),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
