/** Two suites: `unit` (beside the sources, fast, no services) and `integration` (real ClickHouse, real browser, real processes). */
import { defineConfig } from 'vitest/config';

const exclude = ['**/node_modules/**', '**/dist/**'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts', '**/*.test.tsx'],
          exclude: [...exclude, '**/*.integration.test.ts'],
          // Files keep no state that another could see (fake timers are put back), so that a process per file would only cost time.
          isolate: false,
          maxWorkers: '100%',
          testTimeout: 60_000,
        },
      },
      {
        // the same end-to-end files on a broker, a ClickHouse by itself and several processes of ours
        test: {
          name: 'scaled',
          include: ['test/e2e/{live,cli,demo}.integration.test.ts'],
          exclude,
          env: { RUNLOG_TEST_STACK: 'scaled' },
          testTimeout: 600_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
          fileParallelism: false,
        },
      },
      { test: { name: 'soak', include: ['**/*.soak.ts'], exclude, testTimeout: 600_000 } },
      {
        test: {
          name: 'integration',
          include: ['**/*.integration.test.ts'],
          exclude,
          testTimeout: 600_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
          fileParallelism: false,
        },
      },
    ],
  },
});
